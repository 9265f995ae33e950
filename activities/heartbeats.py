"""Heartbeats while an activity works, so that a dead worker is noticed and a cancellation arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity


@asynccontextmanager
async def heartbeats(every_seconds: float) -> AsyncIterator[None]:
    """Send heartbeats in the background; work that holds up the event loop holds them up too."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(every_seconds)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        # Not `await beating`: that would swallow a cancellation of this activity that comes just now.
        await asyncio.wait([beating])
