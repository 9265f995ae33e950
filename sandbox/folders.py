"""Folders that hostile code has filled: measured, moved and removed.

Nothing in them is believed: no link is followed, no path is put together (a folder may be moved while it is walked, and
nested deeper than a path can say), and what vanishes meanwhile is not missed.
"""

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

DEEPEST = 32
"""Folders nested deeper than this count as too many files."""
LONGEST_PATH = 1_000
"""In bytes, below the folder; longer ones count as too many files."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TooDeep(Exception):  # noqa: N818 - what was found, not a fault of the caller
    """Folders are nested deeper, or a path is longer, than anybody needs."""


def entries_of(folder: Path) -> Iterator[os.stat_result]:
    """What `lstat` says of every file and folder below a folder. Raises TooDeep."""
    descriptor = os.open(folder, _FOLDER)
    try:
        yield from _entries_below(descriptor, 1, 0)
    finally:
        os.close(descriptor)


def _entries_below(descriptor: int, depth: int, path_length: int) -> Iterator[os.stat_result]:
    with os.scandir(descriptor) as entries:
        for entry in entries:
            length = path_length + len(os.fsencode(entry.name)) + 1
            if depth > DEEPEST or length > LONGEST_PATH:
                raise TooDeep
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                found = os.stat(entry.name, dir_fd=descriptor, follow_symlinks=False)
                yield found
                if stat.S_ISDIR(found.st_mode):
                    child = os.open(entry.name, _FOLDER, dir_fd=descriptor)
                    try:
                        yield from _entries_below(child, depth + 1, length)
                    finally:
                        os.close(child)


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
