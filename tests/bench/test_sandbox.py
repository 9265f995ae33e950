"""The benchmark of sandboxes, at the smallest size that still runs all of it."""

import functools
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.memory import Memory
from bench.rounds import Times, measure
from bench.sandbox import BACKENDS, BARE, Report, Sizes, as_json, report, table, targets

SIZES = Sizes(rounds=1, calls=3, at_once=2, blocks=10)


@pytest.fixture(scope="module")
async def measured() -> Report:
    """A report of the default backend."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return await report(functools.partial(BACKENDS["eryx"], home / "seconder"), SIZES)


async def test_everything_is_measured_and_told(measured: Report) -> None:
    """Every kind of block ran to its end and took time, a bare Python beside it, and all of it stands in the table."""
    names = list(measured.times)
    assert names[:3] == [BARE, "trivial block", "trivial block, cold"]
    assert [name for name in names if "replay" in name] == ["replay, sync", "replay, async", "replay, gathered"]
    assert all(took.median_ms > 0 for took in measured.times.values())
    told = table("eryx", measured)
    assert all(f"| {name} |" in told for name in names)
    assert as_json(measured)["times"][BARE]["ratio"] == 1


async def test_the_memory_is_looked_at_all_along(measured: Report) -> None:
    """The run of blocks is looked at before it, ten times during it, and at its end."""
    assert measured.memory is not None
    assert measured.memory.blocks == SIZES.blocks
    assert len(measured.memory.resident_mb) == 11
    assert min(measured.memory.resident_mb) > 1


async def test_a_missed_target_is_called_missed(measured: Report) -> None:
    """A block slower than a bare Python, a slow replay and growing memory are each told apart from what is met."""
    fast = {name: Times(10, 12) for name in measured.times} | {BARE: Times(14, 15)}
    flat = Memory(2000, 60, (50.0, 51.0, 50.5, 50.5, 50.0, 51.0))
    good = replace(measured, times=fast, memory=flat)
    assert all(targets(good).values())
    slow_block = replace(good, times=fast | {"trivial block": Times(20, 21)})
    slow_replay = replace(good, times=fast | {"replay, async": Times(120, 130)})
    leak = replace(good, memory=replace(flat, resident_mb=(50.0, 55.0, 60.0, 65.0, 70.0, 75.0)))
    for bad in (slow_block, slow_replay, leak):
        assert list(targets(bad).values()).count(False) == 1


async def test_the_order_of_the_rounds_is_turned_about() -> None:
    """Each thing is measured once a round, in an order that alternates, after a round that does not count."""
    order: list[str] = []

    def noting(name: str) -> object:
        order.append(name)
        return None

    async def first() -> object:
        return noting("first")

    async def second() -> object:
        return noting("second")

    found = await measure({"first": first, "second": second}, rounds=2)
    assert order == ["second", "first", "first", "second", "second", "first"]
    assert set(found) == {"first", "second"}
