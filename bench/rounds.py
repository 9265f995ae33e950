"""Measuring several things side by side: in rounds, each thing once a round, the order turned about each time.

So whatever else the machine does hits all alike, and a ratio between two of them means something although neither
number would on another machine.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Measured = Callable[[], Awaitable[object]]

_LOOK_EVERY_SECONDS: Final = 0.1
_QUIET_LOOKS: Final = 5
"""So many looks without work of a child process: longer than a pool of helpers waits before it starts a new one."""
_SETTLES_WITHIN_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Times:
    """How long something took, in milliseconds."""

    median_ms: float
    p95_ms: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Times":
        """Summarise some measurements."""
        ordered = sorted(seconds)
        late = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
        return cls(median_ms=statistics.median(ordered) * 1000, p95_ms=late * 1000)


async def measure(things: Mapping[str, Measured], rounds: int) -> dict[str, Times]:
    """Measure each thing once a round, after a round that does not count, and each from rest."""
    found: dict[str, list[float]] = {name: [] for name in things}
    for turn in range(rounds + 1):
        names = list(things) if turn % 2 else list(things)[::-1]
        for name in names:
            await children_at_rest()
            began = time.perf_counter()
            await things[name]()
            took = time.perf_counter() - began
            if turn:
                found[name].append(took)
    return {name: Times.of(seconds) for name, seconds in found.items()}


async def children_at_rest() -> None:
    """Wait until no child process of this one works: a pool of helpers is then full again.

    Where the system does not tell, and after twenty seconds, it is taken for granted.
    """
    before, quiet = _work_of_children(), 0
    async with asyncio.timeout(_SETTLES_WITHIN_SECONDS) as limit:
        while quiet < _QUIET_LOOKS:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            now = _work_of_children()
            quiet = quiet + 1 if now == before else 0
            before = now
            if limit.expired():
                return


def _work_of_children() -> list[tuple[str, str]]:
    """The CPU time of each child process, in ticks."""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        for child in task.read_text().split():
            try:
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found.append((child, fields[11] + fields[12]))
    return sorted(found)


def resident_bytes() -> int:
    """The resident memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
