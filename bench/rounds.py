"""Measuring several things side by side: in rounds, each thing once a round, the order turned about each time.

So whatever else the machine does hits all alike, and a ratio between two of them means something although neither
number would on another machine.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
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


async def measure(things: Mapping[str, Measured], rounds: int, besides: Collection[str] = ()) -> dict[str, Times]:
    """Measure each thing once a round, after a round that does not count, and each from rest.

    `besides` are child processes that have nothing to do with it.
    """
    found: dict[str, list[float]] = {name: [] for name in things}
    for turn in range(rounds + 1):
        for name in list(things)[:: 1 if turn % 2 else -1]:
            await children_at_rest(besides)
            began = time.perf_counter()
            await things[name]()
            took = time.perf_counter() - began
            if turn:
                found[name].append(took)
    return {name: Times.of(seconds) for name, seconds in found.items()}


async def children_at_rest(besides: Collection[str] = ()) -> None:
    """Wait until no child process works: a pool of helpers is then full again, and an old one is gone.

    After twenty seconds, and where the system does not tell, that is taken for granted.
    """
    before, quiet = _work_of_children(besides), 0
    latest = time.monotonic() + _SETTLES_WITHIN_SECONDS
    while quiet < _QUIET_LOOKS and time.monotonic() < latest:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        now = _work_of_children(besides)
        quiet = quiet + 1 if now == before else 0
        before = now


def children() -> set[str]:
    """The process ids of the children of this process."""
    return {child for task in Path("/proc/self/task").glob("*/children") for child in _words_of(task)}


def _work_of_children(besides: Collection[str]) -> dict[str, list[str]]:
    """The CPU time of each child process, in the user's mode and the system's."""
    stats = {child: _words_of(Path(f"/proc/{child}/stat")) for child in children().difference(besides)}
    return {child: words[13:15] for child, words in stats.items()}


def _words_of(file: Path) -> list[str]:
    try:
        # The name of a program, in brackets, may hold a space.
        return re.sub(r"\(.*\)", "()", file.read_text()).split()
    except OSError:
        return []
