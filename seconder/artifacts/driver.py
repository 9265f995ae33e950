"""Large payloads leave Temporal's history for an artifact store; what stays is their digest.

What cannot be read back is told apart, because a workflow task that fails is tried again for ever:

- content that was deleted or changed ends what needs it, with a `LostPayloadError` that is not tried again;
- a store that cannot be reached, or that is not the one which was written to, is tried again until somebody mends it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)
from temporalio.exceptions import ApplicationError

from seconder.artifacts.store import ArtifactStore
from seconder.errors import ContractError, NotFoundError, ServiceError

DRIVER_NAME: Final = "seconder.artifacts"
"""Histories hold it."""
THRESHOLD_BYTES: Final = 128 * 2**10
"""A payload of this size leaves the history; below it, people read it in the Temporal UI.

The task and the messages of a session are smaller, so that any client can start one without a store.
"""


class LostPayloadError(ServiceError, ApplicationError):
    """What a history refers to was deleted from the store, or changed there.

    To a worker it is an error of type `LostPayload` that is not tried again: it ends the session, with this message.
    """

    def __init__(self, message: str) -> None:
        ApplicationError.__init__(self, message, type="LostPayload", non_retryable=True)

    def __str__(self) -> str:
        return self.message


class ArtifactDriver(StorageDriver):
    """Temporal's storage driver over an artifact store; without one, it explains what is missing."""

    def __init__(self, store: ArtifactStore | None) -> None:
        self._store = store
        self._identity = ""

    def name(self) -> str:
        """The name under which histories refer to this driver."""
        return DRIVER_NAME

    def type(self) -> str:
        """The same, whichever store it is."""
        return DRIVER_NAME

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Put payloads into the store.

        Raises:
            ServiceError: the store cannot be used.
        """
        return await asyncio.gather(*map(self._put, payloads))

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Get payloads from the store.

        Raises:
            LostPayloadError: one of them was deleted or changed.
            ServiceError: the store cannot be used, or is not the one that they were put into.
        """
        return await asyncio.gather(*map(self._get, claims))

    async def _put(self, payload: Payload) -> StorageDriverClaim:
        store = self._required()
        digest = await store.put(payload.SerializeToString(deterministic=True))
        if not self._identity:
            self._identity = await store.identity()
        return StorageDriverClaim({"digest": digest, "store": self._identity})

    async def _get(self, claim: StorageDriverClaim) -> Payload:
        store = self._required()
        try:
            data = await store.get(claim.claim_data.get("digest", ""))
        except NotFoundError as error:
            written_to = claim.claim_data.get("store", "")
            if written_to != await store.identity():
                raise ServiceError(
                    f"{error} It was put into the store {written_to}, which is not at this place. Give every process "
                    "and the command the same SECONDER_STORAGE."
                ) from error
            raise LostPayloadError(str(error)) from error
        except ContractError as error:
            raise LostPayloadError(str(error)) from error
        return Payload.FromString(data)

    def _required(self) -> ArtifactStore:
        if self._store is None:
            raise ServiceError(
                "This part of the history is kept in an artifact store, and this client was given none: connect with "
                "`connect(storage=open_store(…))`, or set SECONDER_STORAGE for the command."
            )
        return self._store


def external_storage(store: ArtifactStore | None, threshold: int = THRESHOLD_BYTES) -> ExternalStorage:
    """For a data converter: payloads of at least `threshold` bytes go to the store; without a store none does."""
    driver = ArtifactDriver(store)
    return ExternalStorage(
        drivers=[driver],
        driver_selector=lambda _context, _payload: driver if store else None,
        payload_size_threshold=threshold,
    )
