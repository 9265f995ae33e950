"""Processes of their own that use a folder of artifacts: `python -m tests.unit.storing MODE FOLDER`.

    killed      put the same bytes again and again, each time killed one line of Python later, until one put ends
    race        put many blobs, of which other processes put the same
    nobody      put as a user who may not
    small       put more than the process may write into one file
    full        put more than the disk holds; FOLDER is on a disk of 64 KiB

Each prints JSON.
"""

import asyncio
import json
import os
import pathlib
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from seconder.artifacts import FolderStore, folder
from seconder.errors import ServiceError

BYTES = b"what a process was about to keep" * 4000
SHARED = [f"shared {number}".encode() * 1000 for number in range(40)]
NOBODY = 65534
# What the store calls in `pathlib` may take several steps, such as to create a file and then to fill it.
TRACED = {folder.__file__, pathlib.__file__}


def killed(root: Path) -> dict[str, Any]:
    """How many lines one put ran through; each attempt has a folder by that number."""
    line = 0
    while _dies_at(line, root / str(line)):
        line += 1
    return {"lines": line}


def _dies_at(line: int, root: Path) -> bool:
    child = os.fork()
    if child == 0:
        threading.settrace(_killer(line))
        asyncio.run(FolderStore(root).put(BYTES))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, status
    return status != 0


def _killer(line: int) -> Callable[[FrameType, str, Any], Any]:
    left = line

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return trace

    return trace


def race(root: Path) -> dict[str, Any]:
    """The digests of all that was put."""

    async def run() -> dict[str, Any]:
        store = FolderStore(root)
        own = [f"own {os.getpid()} {number}".encode() for number in range(20)]
        digests = await asyncio.gather(*map(store.put, SHARED + own))
        return {"digests": digests}

    return asyncio.run(run())


def refused(root: Path) -> dict[str, Any]:
    """What the error says, what is left, and whether what was there before can still be read."""

    async def run() -> dict[str, Any]:
        store = FolderStore(root)
        try:
            await store.put(BYTES)
        except ServiceError as error:
            return {"error": str(error)}
        return {"error": ""}

    return asyncio.run(run())


def nobody(root: Path) -> dict[str, Any]:
    """As `refused`, as another user."""
    # Loaded lazily, from where this user may not look.
    import concurrent.futures.thread  # noqa: F401

    if os.getuid() == 0:
        os.setuid(NOBODY)
    return refused(root)


def full(root: Path) -> dict[str, Any]:
    """As `refused`, after something small was put."""
    small = b"small"
    digest = asyncio.run(FolderStore(root).put(small))
    found = refused(root)
    left = [path.name for path in (root / "incoming").iterdir()]
    return found | {"left": left, "readable": asyncio.run(FolderStore(root).get(digest)) == small}


def small(root: Path) -> dict[str, Any]:
    """As `full`, with a limit on the size of files in place of the disk's."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(BYTES) // 2, len(BYTES) // 2))
    return full(root)


MODES = {"killed": killed, "race": race, "nobody": nobody, "full": full, "small": small}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(MODES[sys.argv[1]](Path(sys.argv[2]))))
