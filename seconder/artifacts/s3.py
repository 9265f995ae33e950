"""Artifacts in a bucket of S3, or of anything that speaks its protocol.

    <prefix>/blobs/abcd…        the content

Credentials, region and endpoint come from AWS's own chain: `AWS_*` variables, profiles, the machine's role.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from seconder.artifacts.store import checked, digest_of, missing, require_digest
from seconder.errors import ConfigurationError, ServiceError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*")
_ABSENT: Final = frozenset({"NoSuchKey", "404", "NotFound"})
# Bounded: whoever waits for an artifact holds a workflow task or a heartbeat.
_CONFIG: Final = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


class _NotThereError(Exception):
    pass


class S3Store:
    """An `ArtifactStore` in a bucket, below a prefix.

    Writing what is there already writes it again: its age, which a lifecycle rule of the bucket looks at, starts anew.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        if not _BUCKET.fullmatch(bucket):
            raise ConfigurationError(f"{bucket!r} is no name of an S3 bucket.")
        if prefix and not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(f"{prefix!r} is no prefix for artifacts: use letters, digits, - _ . and single /.")
        self._bucket = bucket
        self._base = f"{prefix}/" if prefix else ""
        self._connecting = threading.Lock()
        self._connected: S3Client | None = None

    @property
    def location(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self._bucket}/{self._base}".rstrip("/")

    async def put(self, data: bytes) -> str:
        """See `ArtifactStore.put`."""
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
        with self._in_words("written"):
            self._client.put_object(Bucket=self._bucket, Key=self._key_of(digest), Body=data)
        return digest

    def _get(self, digest: str) -> bytes:
        data = self._read(self._key_of(digest))
        if data is None:
            raise missing(digest, self.location)
        return checked(data, digest, f"s3://{self._bucket}/{self._key_of(digest)}")

    def _touch(self, digest: str) -> bool:
        key = self._key_of(digest)
        try:
            with self._in_words("written"):
                # Onto itself: the one way to make an object young again without sending it.
                self._client.copy_object(
                    Bucket=self._bucket,
                    Key=key,
                    CopySource={"Bucket": self._bucket, "Key": key},
                    MetadataDirective="REPLACE",
                )
        except _NotThereError:
            return False
        return True

    def _read(self, key: str) -> bytes | None:
        try:
            with self._in_words("read"):
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except _NotThereError:
            return None

    def _key_of(self, digest: str) -> str:
        return f"{self._base}blobs/{digest}"

    @property
    def _client(self) -> "S3Client":
        # A client may be shared by threads, but not made by two of them.
        with self._connecting:
            if self._connected is None:
                self._connected = Session().client("s3", config=_CONFIG)
            return self._connected

    @contextmanager
    def _in_words(self, what: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _ABSENT:
                raise _NotThereError from error
            raise self._unusable(what, f"{code}, {error.response['Error']['Message']}") from error
        except (BotoCoreError, ValueError) as error:
            raise self._unusable(what, str(error)) from error

    def _unusable(self, what: str, why: str) -> ServiceError:
        return ServiceError(
            f"The artifacts in {self.location} cannot be {what}: {why.rstrip('.')}. Check the bucket, its region and "
            "the credentials, which come from AWS's own variables and files (AWS_PROFILE, AWS_REGION, "
            "AWS_ENDPOINT_URL_S3 …)."
        )
