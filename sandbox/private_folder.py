"""Folders of one process's own on disk, of which none is left behind when it is killed."""

import asyncio
import contextlib
import fcntl
import os
import tempfile
import time
from pathlib import Path

from sandbox.folders import remove

PREFIX = "seconder-"
_SWEEP_AFTER_SECONDS = 60.0


class PrivateFolder:
    """An empty folder for this user alone, in use until it is removed or this process ends."""

    def __init__(self, parent: Path) -> None:
        """Make one below `parent`. Raises OSError."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        # Says to those who sweep up that the folder is in use; the system frees the lock of a process that died.
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    async def remove(self) -> None:
        """Remove the folder with all that is in it; what cannot be removed now is swept up later."""
        try:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(remove, self.path)
        finally:
            os.close(self._lock)


def sweep(parent: Path) -> None:
    """Remove the folders that nobody uses any more: those in use are locked, and new ones may not be so yet."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < _SWEEP_AFTER_SECONDS:
                continue
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(folder)
            finally:
                os.close(descriptor)
