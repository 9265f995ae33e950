"""Whether the memory of this process grows with the blocks that it runs."""

import asyncio
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.rounds import Measured

_LOOKS: Final = 10
_AT_ONCE: Final = 4


@dataclass(frozen=True)
class Memory:
    """The resident memory of this process in MB, before, ten times during and after a run of blocks."""

    blocks: int
    seconds: float
    resident_mb: tuple[float, ...]

    @property
    def growth_mb(self) -> float:
        """From the first to the last third, by their medians: a leak shows, a single peak does not."""
        third = max(1, len(self.resident_mb) // 3)
        return statistics.median(self.resident_mb[-third:]) - statistics.median(self.resident_mb[:third])


async def watch(block: Measured, blocks: int) -> Memory:
    """Run so many blocks, four at a time, after a few that do not count: the first ones fill caches."""
    await _run(block, max(_LOOKS, blocks // 20))
    began = time.perf_counter()
    resident = [_resident_mb()]
    for _ in range(_LOOKS):
        await _run(block, blocks // _LOOKS)
        resident.append(_resident_mb())
    return Memory(blocks // _LOOKS * _LOOKS, round(time.perf_counter() - began, 1), tuple(resident))


async def _run(block: Measured, count: int) -> None:
    left = iter(range(count))

    async def line() -> None:
        for _ in left:
            await block()

    await asyncio.gather(*(line() for _ in range(_AT_ONCE)))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
