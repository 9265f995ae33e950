"""The unpacked runtime of the default backend, made once, checked at every start, shared by all helpers.

eryx unpacks its interpreter to a fixed name below the folder for temporary files and trusts what it finds there. In a
place that others can write to, that would hand them the helper; so it gets a private folder of ours, and the content is
compared with a manifest before anything runs.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.protocol import SandboxUnavailable
from seconder.child_processes import end_group, ended, start_child

UNPACK = Path(__file__).with_name("unpack.py")
_UNPACKED = "eryx-embedded"


async def prepare_runtime(cache: Path, version: str, on_progress: Callable[[str], None]) -> Path:
    """The folder of this version's runtime below `cache`, complete and unchanged. Raises SandboxUnavailable."""
    folder = cache / f"eryx-{version}"
    try:
        _make_private(folder)
    except OSError as error:
        raise SandboxUnavailable(f"cannot use the cache folder {folder}: {error}") from error
    async with _lock(folder / "lock"):
        if await asyncio.to_thread(_is_intact, folder):
            return folder
        on_progress("Unpacking the sandbox's interpreter (once, 60 MB)")
        await asyncio.to_thread(_remove, folder)
        await _unpack(folder)
        await asyncio.to_thread(_write_manifest, folder)
    return folder


def library_of(runtime: Path) -> Path:
    """The folder of the runtime's standard library, with what could be compiled of it."""
    return runtime / _UNPACKED / "python-stdlib"


async def _unpack(folder: Path) -> None:
    process = await start_child(
        *(sys.executable, "-I", UNPACK),
        environment={"TMPDIR": str(folder)},
        folder=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors = await process.communicate()
    finally:
        end_group(process)
        await ended(process)
    if process.returncode != 0:
        reason = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"code {process.returncode}"]
        raise SandboxUnavailable(f"the sandbox's interpreter cannot be unpacked into {folder}: {reason[0]}")


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise PermissionError("it belongs to another user")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("others may write to it; `chmod go-w` it or name another folder")


@asynccontextmanager
async def _lock(path: Path) -> AsyncIterator[None]:
    """Only one process at a time checks or unpacks; the system frees the lock of one that died."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield


def _is_intact(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(manifest == _digests(folder / _UNPACKED))


def _remove(folder: Path) -> None:
    # Moved first: helpers of other workers keep what they have open, and new ones never see half of it.
    if (folder / _UNPACKED).exists():
        broken = folder / f"broken-{os.getpid()}-{time.monotonic_ns()}"
        (folder / _UNPACKED).rename(broken)
        shutil.rmtree(broken, ignore_errors=True)


def _write_manifest(folder: Path) -> None:
    unfinished = folder / f"manifest-{os.getpid()}.json"
    unfinished.write_text(json.dumps(_digests(folder / _UNPACKED)))
    unfinished.replace(folder / "manifest.json")


def _digests(folder: Path) -> dict[str, str]:
    digests = {UNPACK.name: hashlib.blake2b(UNPACK.read_bytes()).hexdigest()[:32]}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digests[str(path.relative_to(folder))] = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return digests
