"""One run of an asynchronous command against Temporal."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio.runtime import Runtime, TelemetryConfig

from seconder.client import SeconderClient
from seconder.connection import connect


def ask[Answer](question: Callable[[SeconderClient], Awaitable[Answer]]) -> Answer:
    """Connect as the environment says, and ask."""

    async def run() -> Answer:
        return await question(SeconderClient(await connect()))

    # Temporal's core writes its logs to stdout, which is for data.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)), error_if_already_set=False)
    return asyncio.run(run())
