"""The folder that a helper shows its block as `/workspace`.

It exists before the block is known, because a guest's folders are fixed when the guest is made. The files of a session
are moved into it before the run and out of it afterwards, which within one file system copies nothing.
"""

import asyncio
import contextlib
import errno
import fcntl
import itertools
import os
import stat
import tempfile
import time
from pathlib import Path

from sandbox.folders import TooDeep, entries_of, move_contents, remove
from sandbox.protocol import BlockLimits, LimitName, SandboxUnavailable

PREFIX = "seconder-"
_WATCH_SECONDS = 0.05
_SWEEP_AFTER_SECONDS = 60.0


class HelperWorkspace:
    """A private folder on disk, watched while a block fills it."""

    def __init__(self, parent: Path) -> None:
        """Make one below `parent`. Raises OSError."""
        parent.mkdir(mode=0o700, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        # Says to those who sweep up that the folder is in use, for as long as this process lives.
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    async def fill(self, source: Path) -> None:
        """Move a session's files in. Raises SandboxUnavailable."""
        await _moved(source, self.path, f"the workspace {source} cannot be used")

    async def empty(self, target: Path) -> None:
        """Move what the block left into `target`, once nobody writes any more. Raises SandboxUnavailable."""
        await _moved(self.path, target, f"the block's files cannot be moved into {target}")

    async def watch(self, limits: BlockLimits, pid: int) -> LimitName:
        """Returns once the files, those that process `pid` keeps open after removing them included, are too many."""
        while True:
            # What is renamed or replaced while it is counted may count twice: look again before ending a block.
            if await self.overrun(limits, pid) and (limit := await self.overrun(limits, pid)):
                return limit
            await asyncio.sleep(_WATCH_SECONDS)

    async def overrun(self, limits: BlockLimits, pid: int | None = None) -> LimitName | None:
        """The limit that the files are beyond now, if they are."""
        return await asyncio.to_thread(self._overrun, limits, pid)

    async def remove(self) -> None:
        """Remove the folder; what cannot be removed now is swept up later."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(remove, self.path)
        os.close(self._lock)

    def _overrun(self, limits: BlockLimits, pid: int | None) -> LimitName | None:
        entries = size = 0
        try:
            for found in (*self._removed_but_open(pid), *self._listed(limits.workspace_files)):
                entries += 1
                size += found.st_size if not stat.S_ISDIR(found.st_mode) else 0
        except TooDeep:
            return "workspace_files"
        if entries > limits.workspace_files:
            return "workspace_files"
        return "workspace_bytes" if size > limits.workspace_bytes else None

    def _listed(self, most: int) -> list[os.stat_result]:
        # One more than allowed is enough to know; all of a million would take too long.
        return list(itertools.islice(entries_of(self.path), most + 1))

    def _removed_but_open(self, pid: int | None) -> list[os.stat_result]:
        if pid is None:
            return []
        found = []
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if self._is_mine(entry) and (file := entry.stat()).st_nlink == 0:
                        found.append(file)
        return found

    def _is_mine(self, entry: Path) -> bool:
        try:
            return str(entry.readlink()).startswith(f"{self.path}/")
        except OSError as error:
            # Nothing but a block makes a path that is too long to be told.
            if error.errno == errno.ENAMETOOLONG:
                return True
            raise


def sweep(parent: Path) -> None:
    """Remove the folders of helpers that were killed together with their worker; those in use are locked."""
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


async def _moved(source: Path, target: Path, failure: str) -> None:
    try:
        await asyncio.to_thread(move_contents, source, target)
    except OSError as error:
        raise SandboxUnavailable(f"{failure}: {error}") from error
