"""From the place of a store, as a setting gives it, to the store."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from seconder.artifacts.folder import FolderStore
from seconder.artifacts.store import ArtifactStore
from seconder.checkout import find_checkout
from seconder.errors import ConfigurationError

_FORMS: Final = "Write a folder's path, or s3://bucket/prefix."


def open_store(location: str) -> ArtifactStore:
    """The store at a folder's path or at `s3://bucket/prefix`; nothing is read or written yet.

    Raises:
        ConfigurationError: this is no place for a store, or what S3 needs is not installed.
    """
    if not location.strip() or "\0" in location:
        raise ConfigurationError(f"The place of the artifacts is empty or no path. {_FORMS}")
    if "://" not in location:
        return FolderStore(Path(location).expanduser())
    try:
        scheme, bucket, prefix, query, fragment = urlsplit(location)
    except ValueError as error:
        raise ConfigurationError(f"{location!r} is no place for artifacts: {error}. {_FORMS}") from error
    if scheme != "s3":
        raise ConfigurationError(f"Artifacts cannot be kept at {scheme}://. {_FORMS}")
    if "@" in bucket:
        # Without the value, which would be a secret.
        raise ConfigurationError("An s3:// place names no credentials: they come from AWS's own variables and files.")
    if query or fragment:
        raise ConfigurationError(f"{location!r} has a query or a fragment. {_FORMS}")
    try:
        # Here, because whoever keeps artifacts in a folder need not install what S3 needs.
        from seconder.artifacts.s3 import S3Store  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "Artifacts in S3 need the package boto3: install `seconder[s3]`, or name a folder instead."
        ) from error
    return S3Store(bucket, prefix.strip("/"))


def storage_location(storage: str, data: str | Path) -> str:
    """Where the artifacts are, from the settings `SECONDER_STORAGE` and `SECONDER_DATA`: by default in the data folder.

    The processes, the `seconder` command and the tests' harness must agree on it, wherever they are started: a relative
    path is below the checkout.
    """
    place = storage or str(Path(data) / "artifacts")
    if not place.strip() or "://" in place:
        return place
    folder = Path(place).expanduser()
    return place if folder.is_absolute() else str(_checkout() / folder)


def _checkout() -> Path:
    try:
        return find_checkout()
    except ConfigurationError:
        return Path.cwd()
