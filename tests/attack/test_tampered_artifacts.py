"""Somebody who can write to the folder of artifacts, and to nothing else of the worker's machine."""

import asyncio
import hashlib
import os
import time
from pathlib import Path

import pytest

from seconder.artifacts import FolderStore
from seconder.errors import ContractError, SeconderError, ServiceError

BYTES = b"what a session kept"
DIGEST = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    """Where the store looks for the content."""
    path = tmp_path / "store" / "blobs" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """The store in the folder that somebody else writes to as well."""
    return FolderStore(tmp_path / "store")


async def test_other_content_is_not_given_out(store: FolderStore, blob: Path) -> None:
    """It is told apart by its digest."""
    blob.write_bytes(b"something else")  # noqa: ASYNC240 - a moment, in a test
    with pytest.raises(ContractError, match="was changed"):
        await store.get(DIGEST)


async def test_a_link_is_not_followed(store: FolderStore, blob: Path, tmp_path: Path) -> None:
    """Neither is a file of the host read through one, nor is its length or digest told."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the host")
    blob.symlink_to(secret)  # noqa: ASYNC240 - a moment, in a test
    with pytest.raises(SeconderError) as raised:
        await store.get(DIGEST)
    assert hashlib.sha256(b"of the host").hexdigest() not in str(raised.value)


@pytest.mark.parametrize("kind", ["a pipe", "an endless device", "a folder"])
async def test_what_is_no_file_holds_nobody_up(store: FolderStore, blob: Path, kind: str) -> None:
    """Reading it would never end, or take all memory."""
    match kind:
        case "a pipe":
            os.mkfifo(blob)
        case "an endless device":
            blob.symlink_to("/dev/zero")  # noqa: ASYNC240 - a moment, in a test
        case _:
            blob.mkdir()  # noqa: ASYNC240 - a moment, in a test
    async with asyncio.timeout(5):
        with pytest.raises(ServiceError, match="no regular file"):
            await store.get(DIGEST)
        if kind == "a folder":
            with pytest.raises(ServiceError):
                await store.put(BYTES)
        else:
            await store.put(BYTES)
            assert await store.get(DIGEST) == BYTES


async def test_a_linked_folder_is_not_swept(store: FolderStore, blob: Path, tmp_path: Path) -> None:
    """Old files of the host, to which somebody made a link, are not taken for leftovers of dead workers."""
    theirs = tmp_path / "documents"
    theirs.mkdir()
    (theirs / "old").write_text("precious")
    day_ago = time.time() - 24 * 3600
    os.utime(theirs / "old", (day_ago, day_ago))
    (tmp_path / "store" / "incoming").symlink_to(theirs)
    with pytest.raises(ServiceError, match="is a link"):
        await store.put(BYTES)
    assert (theirs / "old").read_text() == "precious"
    assert not blob.exists()  # noqa: ASYNC240 - a moment, in a test
