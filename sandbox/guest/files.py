"""Folders list their entries in one order everywhere: a file system's own differs between machines and runs.

A block that goes through its files must make the same calls when it is run again, on another worker.
"""

import os
from collections.abc import Iterator
from typing import Any

_listdir = os.listdir
_scandir = os.scandir

HOME = "/workspace"


def _listed(path: Any = ".") -> list[Any]:  # noqa: ANN401 - text for text, bytes for bytes, as the original
    return sorted(_listdir(path))


class _Scan:
    """Stands in for the iterator of `os.scandir`."""

    def __init__(self, path: Any = ".") -> None:  # noqa: ANN401 - as the original
        with _scandir(path) as found:
            self._entries = iter(sorted(found, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[os.DirEntry[Any]]:
        return self._entries

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> "_Scan":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


def install() -> None:
    """Put sorted listings in place of the system's, and relative paths into the workspace."""
    os.listdir = _listed
    os.scandir = _Scan  # type: ignore[assignment]
    os.chdir(HOME)
