"""The folder that a helper shows its block as `/workspace`.

It exists before the block is known, because a guest's folders are fixed when the guest is made. The files of a session
are moved into it before the run and out of it afterwards, which within one file system copies nothing.
"""

import asyncio
import contextlib
import errno
import itertools
import os
from pathlib import Path

from sandbox.folders import TooDeep, entries_of, move_contents
from sandbox.private_folder import PrivateFolder
from sandbox.protocol import BlockLimits, LimitName, SandboxUnavailable

_WATCH_SECONDS = 0.05


class HelperWorkspace(PrivateFolder):
    """A private folder on disk, watched while a block fills it."""

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

    def _overrun(self, limits: BlockLimits, pid: int | None) -> LimitName | None:
        sizes = [file.st_size for file in self._removed_but_open(pid)]
        # One more than allowed is enough to know; all of a million would take too long.
        listed = itertools.islice(entries_of(self.path), limits.workspace_files + 1)
        try:
            sizes += [0 if entry.is_folder else entry.status.st_size for entry in listed]
        except TooDeep:
            return "workspace_files"
        if len(sizes) > limits.workspace_files:
            return "workspace_files"
        return "workspace_bytes" if sum(sizes) > limits.workspace_bytes else None

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


async def _moved(source: Path, target: Path, failure: str) -> None:
    try:
        await asyncio.to_thread(move_contents, source, target)
    except OSError as error:
        raise SandboxUnavailable(f"{failure}: {error}") from error
