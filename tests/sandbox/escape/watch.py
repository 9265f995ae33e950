"""The process that runs blocks, watched: it must go on as if nobody had attacked it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.test_helper_workspaces import workspace_of
from tests.sandbox.test_processes import folder_of, helpers_of

_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"
_WATCH_SECONDS = 0.05


@dataclass
class Worker:
    """What was seen of this process and its helpers while attempts ran.

    `standstill` is the longest that its event loop did not turn, in seconds of this process's own time on all
    processors, which other processes do not lengthen; `late` is the same by the clock.
    """

    pid: int = field(default_factory=os.getpid)
    standstill: float = 0.0
    late: float = 0.0
    memory_before: int = 0
    helpers: dict[int, tuple[Path, Path]] = field(default_factory=dict)

    def peak_growth(self) -> int:
        """Bytes of memory that it held at most beyond what it had before."""
        return _bytes("VmHWM") - self.memory_before

    def left(self) -> list[str]:
        """What is there still of helpers that are gone: folders, and processes that they started."""
        living = helpers_of(self.pid)
        gone = {pid: folders for pid, folders in self.helpers.items() if pid not in living}
        folders = [str(folder) for pair in gone.values() for folder in pair if folder.exists()]
        return folders + [f"process {pid}" for pid, session in _sessions() if session in gone]

    def strangers(self) -> set[int]:
        """Processes in the sessions of helpers that are no helpers."""
        return {pid for pid, session in _sessions() if session in self.helpers and pid != session}


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Worker]:
    """Watch this process until the end of the block."""
    worker = Worker(memory_before=_memory_now())
    watching = asyncio.create_task(_watch(worker))
    try:
        yield worker
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(worker: Worker) -> None:
    while True:
        for pid in helpers_of(worker.pid) - worker.helpers.keys():
            # One that ends just now has nothing to tell.
            with contextlib.suppress(OSError, IndexError):
                worker.helpers[pid] = (folder_of(pid), workspace_of(pid))
        started, before = time.monotonic(), time.process_time()
        await asyncio.sleep(_WATCH_SECONDS)
        worker.standstill = max(worker.standstill, time.process_time() - before)
        worker.late = max(worker.late, time.monotonic() - started - _WATCH_SECONDS)


def _memory_now() -> int:
    """Bytes of memory; the peak is counted from here on."""
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    return _bytes("VmRSS")


def _sessions() -> list[tuple[int, int]]:
    """Every process of this machine with its session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.append((int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[3])))
    return found


def _bytes(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
