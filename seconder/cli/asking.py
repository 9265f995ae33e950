"""One run of an asynchronous command against Temporal."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from temporalio.runtime import Runtime, TelemetryConfig

from seconder.artifacts import ArtifactStore, open_store
from seconder.artifacts.opening import storage_location
from seconder.client import SeconderClient
from seconder.connection import connect
from seconder.errors import ConfigurationError


def ask[Answer](question: Callable[[SeconderClient], Awaitable[Answer]]) -> Answer:
    """Connect as the environment says, and ask."""

    async def run() -> Answer:
        return await question(SeconderClient(await connect(storage=storage())))

    # Temporal's core writes its logs to stdout, which is for data.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)), error_if_already_set=False)
    return asyncio.run(run())


def storage() -> ArtifactStore:
    """The store of the processes, from the variables that they read; large results and files lie there."""
    given = os.environ.get("SECONDER_STORAGE", "")
    try:
        return open_store(storage_location(given, os.environ.get("SECONDER_DATA") or "data"))
    except ConfigurationError as error:
        raise ConfigurationError(f"SECONDER_STORAGE: {error}") from error
