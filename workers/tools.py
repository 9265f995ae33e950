"""The tools worker: side-effecting tools, with the credentials that they need and no key of anything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from activities.side_effects import tool_activities
from seconder import names
from seconder.agents import load_agents
from seconder.errors import ConfigurationError
from workers.settings import Settings
from workers.versions import deployment_config

# A side effect that has begun is given this long to end before the process stops.
FINISH_WITHIN: Final = timedelta(seconds=60)


def queues_of(settings: Settings) -> list[str]:
    """The queues on which side effects of the agents wait for a worker; none when all that the agents do is read."""
    agents = load_agents(settings.app).values()
    return sorted({agent.tools_queue for agent in agents if any(tool.effect.side_effecting for tool in agent.tools)})


@asynccontextmanager
async def tools(client: Client, settings: Settings, *, task_queue: str = names.TOOLS_QUEUE) -> AsyncIterator[Worker]:
    """Serve one queue of tools, by default `seconder-tools`, while the context is open.

    Raises:
        ConfigurationError: no agent of this queue has a side-effecting tool.
    """
    settings.require("tools")
    activities = tool_activities(load_agents(settings.app), task_queue, client.identity)
    if not activities:
        raise ConfigurationError(
            f"None of the agents in SECONDER_APP has a side-effecting tool on the queue {task_queue!r}; "
            "there is nothing for this process to do."
        )
    worker = Worker(
        client,
        task_queue=task_queue,
        activities=activities,
        graceful_shutdown_timeout=FINISH_WITHIN,
        deployment_config=deployment_config(settings, task_queue),
    )
    async with worker:
        yield worker
