"""Artifacts in a folder, on one machine or on a file system that several machines share.

id                      the store's identity
blobs/ab/cd/abcd…       the content
incoming/               what is being written; a leftover of a killed process is removed after an hour
"""

import asyncio
import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from seconder.artifacts.store import checked, digest_of, missing, require_digest
from seconder.errors import ServiceError

LEFTOVER_AFTER_SECONDS: Final = 3600.0
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class FolderStore:
    """An `ArtifactStore` in a folder, which is made at the first writing, for this user alone.

    A blob appears under its name whole or not at all, and stays when the machine loses power afterwards.
    """

    def __init__(self, path: Path) -> None:
        self._root = path.absolute()
        self._blobs = self._root / "blobs"
        self._incoming = self._root / "incoming"
        self._prepared = False

    @property
    def location(self) -> str:
        """The folder's absolute path."""
        return str(self._root)

    async def put(self, data: bytes) -> str:
        """See `ArtifactStore.put`; what is there and was damaged is written anew."""
        return await asyncio.to_thread(self._put, data)

    async def get(self, digest: str) -> bytes:
        """See `ArtifactStore.get`."""
        require_digest(digest)
        return await asyncio.to_thread(self._get, digest)

    async def touch(self, digest: str) -> bool:
        """See `ArtifactStore.touch`."""
        require_digest(digest)
        return await asyncio.to_thread(self._touch, digest)

    def _put(self, data: bytes) -> str:
        digest = digest_of(data)
        with self._in_words("written to"):
            self._prepare()
            if not self._holds(digest, data):
                self._write(data, self._path_of(digest))
        return digest

    def _get(self, digest: str) -> bytes:
        path = self._path_of(digest)
        with self._in_words("read"):
            try:
                data = _content_of(path)
            except FileNotFoundError:
                raise missing(digest, self.location) from None
        return checked(data, digest, str(path))

    def _touch(self, digest: str) -> bool:
        with self._in_words("written to"):
            try:
                os.utime(self._path_of(digest), follow_symlinks=False)
            except FileNotFoundError:
                return False
        return True

    def _path_of(self, digest: str) -> Path:
        return self._blobs / digest[:2] / digest[2:4] / digest

    def _holds(self, digest: str, data: bytes) -> bool:
        path = self._path_of(digest)
        try:
            if _content_of(path) != data:
                return False
            os.utime(path, follow_symlinks=False)
        except (FileNotFoundError, _NoFileError):
            return False
        return True

    def _prepare(self) -> None:
        if self._prepared and self._incoming.is_dir():
            return
        for folder in (self._root, self._blobs, self._incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.is_symlink() and folder != self._root:
                # What is swept there would be somebody else's.
                raise OSError(errno.ELOOP, f"{folder} is a link")
        self._sweep()
        self._prepared = True

    def _sweep(self) -> None:
        oldest = time.time() - LEFTOVER_AFTER_SECONDS
        for leftover in self._incoming.iterdir():
            # Another process may sweep at the same time.
            with contextlib.suppress(FileNotFoundError):
                if leftover.stat().st_mtime < oldest:
                    leftover.unlink()

    def _write(self, data: bytes, target: Path) -> None:
        for folder in (target.parent.parent, target.parent):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                _sync(folder.parent)
        written = self._temporary(data)
        try:
            written.replace(target)
        except OSError:
            written.unlink(missing_ok=True)
            raise
        _sync(target.parent)

    def _temporary(self, data: bytes) -> Path:
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    @contextmanager
    def _in_words(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ServiceError(
                f"The artifacts in {self.location} cannot be {what}: {error.strerror or error}. {_how_to_mend(error)}"
            ) from error


class _NoFileError(OSError):
    pass


def _content_of(path: Path) -> bytes:
    """The content of a regular file: others may write to the folder, too, and leave a link, a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise _NoFileError(error.errno, f"{path} is no regular file") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _NoFileError(errno.EINVAL, f"{path} is no regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _how_to_mend(error: OSError) -> str:
    if error.errno in _FULL:
        return "The disk is full: free some space; docs/operations.md says what may be deleted."
    if error.errno in _REFUSED:
        return "Give this process's user the folder, or name another with SECONDER_STORAGE."
    return "Look at the folder and its disk, or name another with SECONDER_STORAGE."


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
