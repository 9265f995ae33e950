"""What an artifact store is: bytes under the digest of their content, so that nobody can change them unseen."""

import hashlib
import re
from typing import Final, Protocol

from seconder.errors import ContractError, NotFoundError

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class ArtifactStore(Protocol):
    """Bytes by the SHA-256 of their content. Several processes may use one store at the same time.

    Every method raises `ServiceError` when the store cannot be used; the message says which one, and how to mend it.
    """

    @property
    def location(self) -> str:
        """Where it is, in the form that `open_store` takes."""

    async def put(self, data: bytes) -> str:
        """Keep these bytes and give their digest, 64 hexadecimal digits.

        What is there already is kept for as long as if it were new: a store may forget its oldest content.
        """

    async def get(self, digest: str) -> bytes:
        """The bytes with this digest, checked against it.

        Raises:
            NotFoundError: they are not there.
            ContractError: what is there has another digest, or this is no digest.
        """

    async def touch(self, digest: str) -> bool:
        """Keep these bytes for as long as if they were new; False when they are not there and have to be put.

        Raises:
            ContractError: this is no digest.
        """


def digest_of(data: bytes) -> str:
    """The name under which a store keeps these bytes."""
    return hashlib.sha256(data).hexdigest()


def require_digest(digest: str) -> None:
    """Refuse what is no digest before it becomes part of a path.

    Raises:
        ContractError: it is none.
    """
    if not _DIGEST.fullmatch(digest):
        raise ContractError(f"{digest[:80]!r} is no digest of an artifact: that is 64 hexadecimal digits.")


def checked(data: bytes, digest: str, place: str) -> bytes:
    """These bytes, if they are the ones that the digest names.

    Raises:
        ContractError: they are not.
    """
    found = digest_of(data)
    if found != digest:
        raise ContractError(
            f"The artifact {digest} was changed: {place} now has the digest {found} ({len(data)} bytes). "
            "Restore it from a backup; as it is, nothing uses it."
        )
    return data


def missing(digest: str, location: str) -> NotFoundError:
    """The error about content that is not there."""
    return NotFoundError(
        f"The artifact {digest} is not in {location}: it was deleted, or put into another store. "
        "Restore it from a backup, or give every process and the command the same SECONDER_STORAGE, or SECONDER_DATA "
        "where the store is in the data folder."
    )
