"""What every artifact store promises, in a folder and in S3: one suite, each against the real thing."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from seconder.artifacts import ArtifactStore, FolderStore, open_store
from seconder.artifacts.opening import storage_location
from seconder.artifacts.s3 import S3Store
from seconder.errors import ConfigurationError, ContractError, NotFoundError, ServiceError

BUCKET = "artifacts"
DATA = b"a journal, say" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@dataclass
class Place:
    """A store, a way to it for other processes, and a hand that reaches behind it."""

    store: ArtifactStore
    again: Callable[[], ArtifactStore]
    replace: Callable[[str, bytes | None], None]
    """Write these bytes under a digest, or delete what is there."""


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """A server that speaks S3's protocol, on loopback."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_variables(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """AWS's own variables, as an operator sets them for a server of one's own."""
    for name, value in {
        "AWS_ENDPOINT_URL_S3": s3_server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with urlopen(Request(f"{s3_server}/moto-api/reset", method="POST")):  # noqa: S310 - the server above
        boto3.client("s3").create_bucket(Bucket=BUCKET)
    return s3_server


@pytest.fixture(params=["folder", "s3"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Each kind of store, empty."""
    if request.param == "folder":
        root = tmp_path / "not" / "yet"

        def in_folder(digest: str, data: bytes | None) -> None:
            path = root / "blobs" / digest[:2] / digest[2:4] / digest
            path.unlink() if data is None else path.write_bytes(data)

        yield Place(FolderStore(root), lambda: open_store(str(root)), in_folder)
        return
    request.getfixturevalue("s3_variables")
    s3 = boto3.client("s3")

    def in_bucket(digest: str, data: bytes | None) -> None:
        key = f"team/x/blobs/{digest}"
        s3.delete_object(Bucket=BUCKET, Key=key) if data is None else s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    yield Place(S3Store(BUCKET, "team/x"), lambda: open_store(f"s3://{BUCKET}/team/x/"), in_bucket)


async def test_what_is_put_can_be_got_from_elsewhere(place: Place) -> None:
    """Content lies under its SHA-256, for every process that knows the place."""
    assert await place.store.put(DATA) == DIGEST
    assert await place.again().get(DIGEST) == DATA
    assert await place.again().put(b"") == hashlib.sha256(b"").hexdigest()
    assert await place.store.get(hashlib.sha256(b"").hexdigest()) == b""


async def test_what_is_not_there_is_said_to_be_missing(place: Place) -> None:
    """Missing content is told apart from a store that cannot be used, in an empty store and in a used one."""
    for _ in range(2):
        with pytest.raises(NotFoundError, match=f"{DIGEST} is not in {place.store.location}"):
            await place.store.get(DIGEST)
        assert not await place.store.touch(DIGEST)
        await place.store.put(b"something else")


@pytest.mark.parametrize("changed", [b"", b"another journal", DATA[:-1], DATA + b" "])
async def test_changed_content_is_refused(place: Place, changed: bytes) -> None:
    """Nobody gets content under a digest that is not its own."""
    await place.store.put(DATA)
    place.replace(DIGEST, changed)
    with pytest.raises(ContractError, match=f"{DIGEST} was changed"):
        await place.again().get(DIGEST)


async def test_putting_again_mends_what_was_changed(place: Place) -> None:
    """A damaged copy does not stand in the way of the right content."""
    await place.store.put(DATA)
    place.replace(DIGEST, b"damaged")
    await place.store.put(DATA)
    assert await place.store.get(DIGEST) == DATA


@pytest.mark.parametrize(
    "digest", ["", "abc", "../../etc/passwd", DIGEST.upper(), DIGEST + "0", f"{DIGEST}\n", f"../{DIGEST[3:]}", "é" * 64]
)
async def test_only_digests_are_looked_for(place: Place, digest: str) -> None:
    """What is no digest never becomes part of a path or a key."""
    with pytest.raises(ContractError, match="no digest"):
        await place.store.get(digest)
    with pytest.raises(ContractError, match="no digest"):
        await place.store.touch(digest)


async def test_touching_tells_whether_it_is_there(place: Place) -> None:
    """Known content need not be sent again; deleted content must be."""
    await place.store.put(DATA)
    assert await place.store.touch(DIGEST)
    assert await place.store.get(DIGEST) == DATA
    place.replace(DIGEST, None)
    assert not await place.store.touch(DIGEST)


async def test_touching_and_putting_make_an_object_young(s3_variables: str) -> None:
    """A lifecycle rule of the bucket, which goes by age, spares what is used again."""
    store, s3 = S3Store(BUCKET), boto3.client("s3")
    await store.put(DATA)

    def age() -> str:
        return str(s3.head_object(Bucket=BUCKET, Key=f"blobs/{DIGEST}")["LastModified"])

    for again in (lambda: store.put(DATA), lambda: store.touch(DIGEST)):
        before = age()
        async with asyncio.timeout(10):
            # S3 counts in seconds.
            while age() == before:
                await again()


async def test_two_prefixes_are_two_stores(s3_variables: str) -> None:
    """One bucket may serve several deployments."""
    await S3Store(BUCKET, "one").put(DATA)
    with pytest.raises(NotFoundError):
        await S3Store(BUCKET, "two").get(DIGEST)


@pytest.mark.parametrize(
    ("variables", "bucket", "said"),
    [
        ({}, "no-such-bucket", "NoSuchBucket"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, BUCKET, "Could not connect"),
        ({"AWS_ENDPOINT_URL_S3": "nonsense"}, BUCKET, "Invalid endpoint"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, BUCKET, "credentials"),
    ],
)
async def test_an_unusable_bucket_is_no_missing_artifact(
    s3_variables: str, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], bucket: str, said: str
) -> None:
    """A store that cannot be used is never taken for one in which content was deleted."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store = S3Store(bucket)
    for use in (store.put(DATA), store.get(DIGEST), store.touch(DIGEST)):
        with pytest.raises(ServiceError, match=said) as raised:
            await use
        assert not isinstance(raised.value, NotFoundError)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("", "empty"),
        (" ", "empty"),
        ("a\0b", "no path"),
        ("https://example.com/x", "https://"),
        ("file:///tmp/x", "file://"),
        ("s3://", "no name of an S3 bucket"),
        ("s3:///x", "no name of an S3 bucket"),
        ("s3://Upper/x", "no name of an S3 bucket"),
        ("s3://bucket/a//b", "no prefix"),
        ("s3://bucket/a b", "no prefix"),
        ("s3://bucket/a?versionId=1", "query"),
        ("s3://bucket/a#b", "fragment"),
        ("s3://key:secret@bucket/x", "names no credentials"),
        ("s3://[bucket/x", "no place"),
    ],
)
def test_what_is_no_place_is_refused(location: str, said: str) -> None:
    """A misspelt place stops the start with a sentence; a secret in it is not repeated."""
    with pytest.raises(ConfigurationError, match=re.escape(said)) as raised:
        open_store(location)
    assert "secret" not in str(raised.value)


def test_places_are_found_from_the_settings() -> None:
    """Unless it is set, the store lies in the data folder; processes in other folders mean the same one."""
    assert open_store(storage_location("", "data")).location == str(Path("data/artifacts").absolute())
    assert open_store(storage_location("s3://bucket", "data")).location == "s3://bucket"
    assert open_store("~/artifacts").location == str(Path.home() / "artifacts")
