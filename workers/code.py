"""The code worker: blocks in sandboxes, and the reads that they call. It holds read credentials and no others."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from activities.blocks import BlockRunner
from activities.workspace import Workspaces
from sandbox.pooled import PLACES
from sandbox.protocol import Sandbox
from seconder import names
from seconder.agents import Agent, load_agents
from seconder.contracts.block_settings import SandboxName
from workers.sandboxes import sandboxes
from workers.settings import Settings
from workers.storage import working_store
from workers.versions import deployment_config

# A cancellation arrives with a heartbeat: the SDK must not hold heartbeats back for longer than this.
_HEARTBEATS_AT_MOST_EVERY: Final = timedelta(milliseconds=500)


@asynccontextmanager
async def code(
    client: Client, settings: Settings, *, on_progress: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Worker]:
    """Serve the queue `seconder-code` while the context is open; the first start unpacks the sandbox's interpreter.

    Raises:
        SandboxUnavailable: no block can run on this machine.
    """
    settings.require("code")
    agents = load_agents(settings.app)
    workspaces = await session_files(settings)
    async with (
        sandboxes(settings, agents, on_progress=on_progress) as ready,
        code_worker(client, settings, agents, ready, workspaces) as worker,
    ):
        yield worker


async def session_files(settings: Settings) -> Workspaces:
    """Where the files of sessions are kept, and unpacked while a block runs; what dead workers left is removed."""
    workspaces = Workspaces(await working_store(settings), scratch=settings.sandbox_cache / "sessions")
    await workspaces.sweep()
    return workspaces


def code_worker(
    client: Client,
    settings: Settings,
    agents: Mapping[str, Agent],
    sandboxes: Mapping[SandboxName, Sandbox],
    workspaces: Workspaces,
) -> Worker:
    """A worker of the queue `seconder-code` for these agents, in sandboxes that are started."""
    return Worker(
        client,
        task_queue=names.CODE_QUEUE,
        activities=[BlockRunner(sandboxes, workspaces, agents, client.identity).run_block],
        # A block that waited for a place in the sandbox would lose its own time.
        max_concurrent_activities=PLACES,
        max_heartbeat_throttle_interval=_HEARTBEATS_AT_MOST_EVERY,
        default_heartbeat_throttle_interval=_HEARTBEATS_AT_MOST_EVERY,
        deployment_config=deployment_config(settings, "seconder-code"),
    )
