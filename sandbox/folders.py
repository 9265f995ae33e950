"""Folders that hostile code has filled: listed, read, moved and removed.

Nothing in them is believed: no link is followed, no path is put together (a folder may be moved while it is walked, and
nested deeper than a path can say), and what vanishes meanwhile is not missed.
"""

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seconder.contracts.workspaces import PATH_MAX_BYTES, PATH_MAX_PARTS

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening a fifo would wait for somebody who writes to it.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class TooDeep(Exception):  # noqa: N818 - what was found, not a fault of the caller
    """Folders are nested deeper, or a path is longer, than a workspace may hold."""


@dataclass(frozen=True)
class Entry:
    """A file, a folder or anything else, by its path below the folder that was listed."""

    path: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)


def entries_of(folder: Path) -> Iterator[Entry]:
    """All that is below a folder, at any depth, in no order. Raises TooDeep, OSError."""
    descriptor = os.open(folder, _FOLDER)
    try:
        yield from _entries_below(descriptor, "")
    finally:
        os.close(descriptor)


def _entries_below(descriptor: int, path: str) -> Iterator[Entry]:
    with os.scandir(descriptor) as entries:
        for entry in entries:
            inner = f"{path}{entry.name}"
            if inner.count("/") >= PATH_MAX_PARTS or len(os.fsencode(inner)) > PATH_MAX_BYTES:
                raise TooDeep
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                found = Entry(inner, os.stat(entry.name, dir_fd=descriptor, follow_symlinks=False))
                yield found
                if found.is_folder:
                    child = os.open(entry.name, _FOLDER, dir_fd=descriptor)
                    try:
                        yield from _entries_below(child, f"{inner}/")
                    finally:
                        os.close(child)


def open_file(folder: Path, path: str) -> int:
    """A descriptor to read what is at a path below a folder; no link on the way is followed. Raises OSError."""
    *folders, name = path.split("/")
    descriptor = os.open(folder, _FOLDER)
    try:
        for inner in folders:
            outer, descriptor = descriptor, os.open(inner, _FOLDER, dir_fd=descriptor)
            os.close(outer)
        return os.open(name, _FILE, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def move_contents(source: Path, target: Path) -> None:
    """Move all that is in one folder into another; at once within a file system, by copying between two."""
    for entry in list(source.iterdir()):
        shutil.move(entry, target / entry.name)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, however deep. Raises OSError; one that is not there is no error."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, _FOLDER)
        try:
            while _empty_one_level(descriptor):
                pass
        finally:
            os.close(descriptor)
        folder.rmdir()


def _empty_one_level(root: int) -> bool:
    """Remove what is in a folder, and lift what is in its folders up into it; whether there was anything."""
    names = os.listdir(root)
    for name in names:
        try:
            os.unlink(name, dir_fd=root)
        except (IsADirectoryError, PermissionError):
            _lift(name, root)
            os.rmdir(name, dir_fd=root)
    return bool(names)


def _lift(name: str, root: int) -> None:
    folder = os.open(name, _FOLDER, dir_fd=root)
    try:
        for inner in os.listdir(folder):  # noqa: PTH208 - of a descriptor, which no path stands for
            os.rename(inner, uuid.uuid4().hex, src_dir_fd=folder, dst_dir_fd=root)
    finally:
        os.close(folder)
