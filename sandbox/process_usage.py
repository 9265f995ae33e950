"""What a child process uses, as the host sees it."""

import asyncio
import os
from pathlib import Path

from sandbox.protocol import BlockLimits, LimitName

_WATCH_SECONDS = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_MEMORY_SLACK = 64 * 2**20


class ProcessUsage:
    """CPU time and private memory of one process, counted from `begin` on."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")
        self._baseline = (0.0, 0)
        self._last_cpu_seconds: float | None = None
        self.peak_memory_bytes = 0

    def begin(self) -> None:
        """From now on, what the process uses counts."""
        self.peak_memory_bytes = 0
        self._last_cpu_seconds = None
        self._baseline = (self._cpu_seconds() or 0.0, self._private_bytes() or 0)

    def cpu_seconds(self) -> float | None:
        """CPU time, as last seen; None where the system does not tell."""
        used = self._cpu_seconds()
        if used is not None:
            self._last_cpu_seconds = max(0.0, round(used - self._baseline[0], 3))
        return self._last_cpu_seconds

    def memory_bytes(self) -> int:
        """Private resident memory; 0 where the system does not tell."""
        used = max(0, (self._private_bytes() or 0) - self._baseline[1])
        self.peak_memory_bytes = max(self.peak_memory_bytes, used)
        return used

    async def watch(self, limits: BlockLimits) -> LimitName:
        """Returns once the process went beyond a limit that only the host can see."""
        while True:
            if (self.cpu_seconds() or 0.0) > limits.cpu_seconds:
                return "cpu_seconds"
            if self.memory_bytes() > limits.memory_bytes + _MEMORY_SLACK:
                return "memory_bytes"
            await asyncio.sleep(_WATCH_SECONDS)

    def _cpu_seconds(self) -> float | None:
        try:
            fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / _TICK

    def _private_bytes(self) -> int | None:
        try:
            _, resident, shared, *_ = (self._proc / "statm").read_text().split()
        except OSError:
            return None
        return (int(resident) - int(shared)) * _PAGE
