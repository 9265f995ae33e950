"""The code worker: blocks in sandboxes, and the reads that they call. It holds read credentials and no others."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from activities.blocks import BlockRunner
from sandbox.backends.eryx import EryxSandbox
from seconder import names
from seconder.agents import load_agents
from workers.settings import Settings
from workers.versions import deployment_config

BLOCKS_AT_ONCE: Final = 8
# A cancellation arrives with a heartbeat: the SDK must not hold heartbeats back for longer than this.
_HEARTBEATS_AT_MOST_EVERY: Final = timedelta(milliseconds=500)


@asynccontextmanager
async def code(
    client: Client, settings: Settings, *, on_progress: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Worker]:
    """Serve the queue `seconder-code` while the context is open; the first start builds the sandbox's image.

    Raises:
        SandboxUnavailable: no block can run on this machine.
    """
    settings.require("code")
    agents = load_agents(settings.app)
    sandbox = EryxSandbox(cache=settings.sandbox_cache, on_progress=on_progress)
    await sandbox.start()
    try:
        worker = Worker(
            client,
            task_queue=names.CODE_QUEUE,
            activities=[BlockRunner(sandbox, agents, client.identity).run_block],
            max_concurrent_activities=BLOCKS_AT_ONCE,
            max_heartbeat_throttle_interval=_HEARTBEATS_AT_MOST_EVERY,
            default_heartbeat_throttle_interval=_HEARTBEATS_AT_MOST_EVERY,
            deployment_config=deployment_config(settings, "seconder-code"),
        )
        async with worker:
            yield worker
    finally:
        await sandbox.close()
