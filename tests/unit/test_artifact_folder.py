"""A folder of artifacts when processes race, are killed, or may not write: with real processes and disks."""

import asyncio
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from seconder.artifacts import FolderStore
from seconder.errors import ServiceError
from tests.unit.storing import BYTES, SHARED

ROOT = Path(__file__).resolve().parents[2]
DIGEST = hashlib.sha256(BYTES).hexdigest()
# A disk of its own for one process; where the kernel does not allow that, the limit on files stands alone.
TINY_DISK = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(  # noqa: S603 - our own command
        [*TINY_DISK, "mount -t tmpfs tmpfs /mnt"], check=False, capture_output=True
    ).returncode
    == 0
)


def command(mode: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.unit.storing", mode, str(folder)]


def found_by(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def blobs(root: Path) -> list[Path]:
    return [path for path in (root / "blobs").rglob("*") if path.is_file()]


async def test_a_kill_at_any_line_leaves_a_store_that_works(tmp_path: Path) -> None:
    """A blob is there whole or not at all, and the next process goes on as if nothing had been."""
    lines = found_by(*command("killed", tmp_path))["lines"]
    assert lines > 100
    for line in range(lines + 1):
        root = tmp_path / str(line)
        for blob in blobs(root):
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
        store = FolderStore(root)
        assert await store.put(BYTES) == DIGEST
        assert await FolderStore(root).get(DIGEST) == BYTES


async def test_processes_that_put_the_same_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Four processes put the same content and their own: all of it is there, once."""
    racing = [
        await asyncio.create_subprocess_exec(*command("race", tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]
    found = [json.loads((await process.communicate())[0]) for process in racing]
    digests = {digest for each in found for digest in each["digests"]}
    assert len(digests) == len(SHARED) + 4 * 20
    assert {blob.name for blob in blobs(tmp_path)} == digests
    assert not list((tmp_path / "incoming").iterdir())
    for digest in digests:
        assert hashlib.sha256(await FolderStore(tmp_path).get(digest)).hexdigest() == digest


async def test_leftovers_are_swept_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    """Files of killed processes do not pile up; those of living ones are left alone."""
    await FolderStore(tmp_path).put(BYTES)
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    for path in (old, young):
        path.write_bytes(b"half of it")
    os.utime(old, (time.time() - 2 * 3600,) * 2)
    await FolderStore(tmp_path).put(BYTES)
    assert not old.exists()
    assert young.exists()


async def test_only_their_user_can_read_them(tmp_path: Path) -> None:
    """Artifacts may hold what a session read with its credentials."""
    root = tmp_path / "artifacts"
    await FolderStore(root).put(BYTES)
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_putting_and_touching_make_a_blob_young(tmp_path: Path) -> None:
    """Whoever deletes by age spares what is used again."""
    store = FolderStore(tmp_path)
    await store.put(BYTES)
    (blob,) = blobs(tmp_path)
    for again in (lambda: store.put(BYTES), lambda: store.touch(DIGEST)):
        os.utime(blob, (0, 0))
        await again()
        assert blob.stat().st_mtime > time.time() - 60


async def test_the_loop_goes_on_while_a_blob_is_written(tmp_path: Path) -> None:
    """A large blob does not hold up a worker's heartbeats."""
    store, ticks = FolderStore(tmp_path), 0
    putting = asyncio.create_task(store.put(os.urandom(64 * 2**20)))
    while not putting.done():
        await asyncio.sleep(0.005)
        ticks += 1
    assert await putting
    assert ticks >= 5


def test_a_folder_of_somebody_else_is_refused_in_words(tmp_path: Path) -> None:
    """The message names the folder and the way to mend it."""
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o500)
    said = found_by(*command("nobody", theirs))["error"]
    assert said.startswith(f"The artifacts in {theirs} cannot be written to: Permission denied.")
    assert "SECONDER_STORAGE" in said


async def test_a_path_through_a_file_is_refused_in_words(tmp_path: Path) -> None:
    """What cannot become a folder is said to be so."""
    (tmp_path / "file").write_bytes(b"")
    store = FolderStore(tmp_path / "file" / "artifacts")
    for use in (store.put(BYTES), store.get(DIGEST), store.touch(DIGEST)):
        with pytest.raises(ServiceError, match="Not a directory"):
            await use


@pytest.mark.parametrize("limit", ["small", *(["full"] if CAN_MOUNT else [])])
def test_a_write_that_ends_in_the_middle_leaves_nothing(tmp_path: Path, limit: str) -> None:
    """On a full disk the error says so, no half of a blob stays, and what was there can be read."""
    arguments = command(limit, tmp_path)
    if limit == "full":
        mount = f"mount -t tmpfs -o size=64k tmpfs '{tmp_path}' && exec \"$@\""
        arguments = [*TINY_DISK, mount, "sh", *arguments]
    found = found_by(*arguments)
    assert ("The disk is full" if limit == "full" else "File too large") in found["error"]
    assert found["left"] == []
    assert found["readable"] is True
    assert not [blob for blob in blobs(tmp_path) if blob.name == DIGEST]
