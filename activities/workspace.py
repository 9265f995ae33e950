"""A session's files between two blocks: content-addressed in the artifact store, and a folder while a block runs.

workspaces = Workspaces(store, scratch=cache / "sessions")
async with workspaces.unpacked(files) as folder:
    outcome = await sandbox.run(BlockSpec(workspace=folder, …), answer)
    changes = await workspaces.pack(folder, files)             # if it completed
files = with_changes(files, changes)                           # in the session's record
"""

import asyncio
import contextlib
import itertools
import os
import stat
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Final

from sandbox.folders import Entry, TooDeep, entries_of, open_file
from sandbox.private_folder import PrivateFolder, sweep
from seconder.artifacts import ArtifactStore
from seconder.artifacts.store import digest_of
from seconder.contracts.block_settings import WORKSPACE_BYTES_MAX, WORKSPACE_FILES_MAX
from seconder.contracts.workspaces import WorkspaceChanges, WorkspaceFile, path_problem, require_path
from seconder.errors import ContractError, SeconderError, ServiceError

LEFT_OUT_MAX: Final = 20
"""So many files that are not kept are named; further ones are counted."""

# A time that every archive format can hold: what a block reads of it must not differ between its runs.
_MODIFIED: Final = 315_532_800
_AT_ONCE: Final = 8


class Workspaces:
    """Unpacks and packs the files of sessions.

    `scratch` is a folder on disk for what is unpacked. On the file system of the sandbox's cache, a sandbox can move
    files where it would copy them between two.
    """

    def __init__(self, store: ArtifactStore, scratch: Path) -> None:
        self._store = store
        self._scratch = scratch

    async def sweep(self) -> None:
        """Remove what workers left that were killed; workers that run keep theirs. Done once, at the start."""
        await asyncio.to_thread(sweep, self._scratch)

    @contextlib.asynccontextmanager
    async def unpacked(self, files: Mapping[str, WorkspaceFile]) -> AsyncIterator[Path]:
        """A new folder with these files, for one run of one block; it is gone afterwards. Raises as `unpack`."""
        try:
            folder = PrivateFolder(self._scratch)
        except OSError as error:
            raise ServiceError(f"The folder {self._scratch} for files of blocks cannot be used: {error}") from error
        try:
            await self.unpack(files, folder.path)
            yield folder.path
        finally:
            await folder.remove()

    async def unpack(self, files: Mapping[str, WorkspaceFile], into: Path) -> None:
        """Write these files into an empty folder of this process's own.

        Each becomes a file of its own, never a link: blocks write into them. Their content is kept in the store for
        as long as if it were new.

        Raises:
            ContractError: a path, a size or a digest is not what it must be.
            NotFoundError: the store lost a file.
            ServiceError: the store or the folder cannot be used.
        """
        for path in files:
            require_path(path)
        _require_room(len(files), sum(file.size for file in files.values()))
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(path: str, file: WorkspaceFile) -> None:
            async with places:
                content = await self._store.get(file.digest)
                if len(content) != file.size:
                    raise ContractError(f"The file {path!r} has {len(content):,} bytes instead of {file.size:,}.")
                await asyncio.to_thread(_write, into / path, content, file)
                await self._store.touch(file.digest)

        await _together(one(path, file) for path, file in files.items())

    async def pack(self, folder: Path, before: Mapping[str, WorkspaceFile]) -> WorkspaceChanges:
        """Put what is new in a folder into the store, and tell how its files differ from `before`.

        Only regular files are kept; no link is followed. Of several large files, eight may be in memory at once.

        Raises:
            ContractError: the folder holds more than any workspace may.
            ServiceError: a file changed while it was read, or the store or the folder cannot be used.
        """
        entries = await asyncio.to_thread(_listed, folder)
        keepable = [entry for entry in entries if entry.is_file and path_problem(entry.path) is None]
        places = asyncio.Semaphore(_AT_ONCE)
        changed: dict[str, WorkspaceFile] = {}

        async def one(entry: Entry) -> None:
            async with places:
                content, file = await asyncio.to_thread(_read, folder, entry)
                if before.get(entry.path) != file:
                    await self._store.put(content)
                    changed[entry.path] = file

        await _together(one(entry) for entry in keepable)
        return WorkspaceChanges(
            changed=dict(sorted(changed.items())),
            removed=tuple(sorted(before.keys() - {entry.path for entry in keepable})),
            left_out=_left_out(entries),
        )


async def _together(work: Iterable[Coroutine[None, None, None]]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except* SeconderError as failures:
        raise failures.exceptions[0] from None


def _write(target: Path, content: bytes, described: WorkspaceFile) -> None:
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = 0o700 if described.executable else 0o600
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.utime(target, (_MODIFIED, _MODIFIED))
    except (FileExistsError, NotADirectoryError) as error:
        raise ContractError(f"{target} would be both a file and a folder of a workspace, or was there.") from error
    except OSError as error:
        raise ServiceError(f"The file {target} of a workspace cannot be written: {error}") from error


def _listed(folder: Path) -> list[Entry]:
    try:
        entries = list(itertools.islice(entries_of(folder), WORKSPACE_FILES_MAX + 1))
    except TooDeep:
        raise ContractError("The workspace is nested deeper, or has longer paths, than any may.") from None
    except OSError as error:
        raise ServiceError(f"The workspace in {folder} cannot be read: {error}") from error
    size = sum(entry.status.st_size for entry in entries if entry.is_file)
    _require_room(len(entries), size)
    return entries


def _require_room(files: int, size: int) -> None:
    if files > WORKSPACE_FILES_MAX or size > WORKSPACE_BYTES_MAX:
        raise ContractError(
            f"The workspace holds more than {WORKSPACE_FILES_MAX:,} files or {WORKSPACE_BYTES_MAX:,} bytes."
        )


def _read(folder: Path, entry: Entry) -> tuple[bytes, WorkspaceFile]:
    """The content of a file that was listed, if it is still what it was. Raises ServiceError."""
    changed = f"The file {entry.path!r} changed while it was read: something else writes to {folder}."
    try:
        descriptor = open_file(folder, entry.path)
        with os.fdopen(descriptor, "rb") as file:
            if _identity(os.fstat(descriptor)) != _identity(entry.status):
                raise ServiceError(changed)
            content = file.read(entry.status.st_size + 1)
            if len(content) != entry.status.st_size or _identity(os.fstat(descriptor)) != _identity(entry.status):
                raise ServiceError(changed)
    except OSError as error:
        raise ServiceError(f"{changed} ({error})") from error
    executable = bool(entry.status.st_mode & stat.S_IXUSR)
    return content, WorkspaceFile(digest=digest_of(content), size=len(content), executable=executable)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)


def _left_out(entries: Iterable[Entry]) -> tuple[str, ...]:
    """What is not kept, in as many sentences as a model should have to read."""
    reasons = sorted(filter(None, map(_reason_to_leave_out, entries)))
    more = [f"{len(reasons) - LEFT_OUT_MAX} more are not kept"] if len(reasons) > LEFT_OUT_MAX else []
    return (*reasons[:LEFT_OUT_MAX], *more)


def _reason_to_leave_out(entry: Entry) -> str | None:
    if entry.is_folder:
        return None
    named = repr(entry.path[:200])
    if problem := path_problem(entry.path):
        return f"{named} is not kept: its path {problem}"
    if entry.is_file:
        return None
    kind = "a symbolic link" if stat.S_ISLNK(entry.status.st_mode) else "no regular file"
    return f"{named} is not kept: it is {kind}"
