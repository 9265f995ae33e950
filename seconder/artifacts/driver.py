"""Large payloads leave Temporal's history for an artifact store; what stays is their digest.

A payload that was deleted from the store or changed there fails the workflow task that needs it, with a sentence, and
Temporal tries again until it is restored or the session is terminated. Ending the session instead is not possible: to a
worker that replays the history, the end would contradict it.
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

from seconder.artifacts.store import ArtifactStore
from seconder.errors import ServiceError

DRIVER_NAME: Final = "seconder.artifacts"
"""Histories hold it."""
THRESHOLD_BYTES: Final = 128 * 2**10
"""A payload of this size leaves the history; below it, people read it in the Temporal UI.

The task and the messages of a session are smaller, so that any client can start one without a store.
"""


class ArtifactDriver(StorageDriver):
    """Temporal's storage driver over an artifact store; without one, it explains what is missing."""

    def __init__(self, store: ArtifactStore | None) -> None:
        self._store = store

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
            NotFoundError: one of them was deleted, or put into another store.
            ContractError: one of them was changed.
            ServiceError: the store cannot be used.
        """
        return await asyncio.gather(*map(self._get, claims))

    async def _put(self, payload: Payload) -> StorageDriverClaim:
        return StorageDriverClaim({"digest": await self._required().put(payload.SerializeToString(deterministic=True))})

    async def _get(self, claim: StorageDriverClaim) -> Payload:
        return Payload.FromString(await self._required().get(claim.claim_data.get("digest", "")))

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
