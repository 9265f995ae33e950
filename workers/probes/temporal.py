"""Is Temporal there, does it know our search attributes, and does anybody work?"""

import asyncio
from collections.abc import Sequence

from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueResponse,
    GetSystemInfoRequest,
)
from temporalio.client import Client

from seconder import names
from seconder.agents import Agent
from seconder.cli.printing import duration
from seconder.connection import connect, temporal_call
from seconder.errors import SeconderError
from workers.probes.base import Finding, Probe, ProbeFailure, ok, warning
from workers.queues import describe_queue, polling
from workers.search_attributes import missing_search_attributes, registering_command
from workers.settings import Settings


class TemporalProbes:
    """Probes that share one connection, made by whichever needs it first."""

    def __init__(self, settings: Settings, agents: Sequence[Agent]) -> None:
        self._settings = settings
        self._tools_queues = sorted({agent.tools_queue for agent in agents}) or [names.TOOLS_QUEUE]
        self._connecting: asyncio.Task[Client] | None = None

    def probes(self) -> list[Probe]:
        """All of them."""
        queues = {names.ENGINE_QUEUE: "engine", names.CODE_QUEUE: "code"}
        queues |= {queue: f"tools --queue {queue}" for queue in self._tools_queues}
        return [
            Probe("temporal", self._server),
            Probe("search attributes", self._search_attributes),
            *(self._workers(queue, command) for queue, command in queues.items()),
        ]

    async def _server(self) -> Finding:
        client = await self._connection()
        with temporal_call("describe the namespace"):
            described = await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=client.namespace)
            )
            system = await client.workflow_service.get_system_info(GetSystemInfoRequest())
        kept = described.config.workflow_execution_retention_ttl.seconds
        return ok(
            f"{client.service_client.config.target_host}, server {system.server_version}, namespace "
            f"{client.namespace}, which keeps ended sessions for {duration(kept)}"
        )

    async def _search_attributes(self) -> Finding:
        client = await self._client()
        if missing := await missing_search_attributes(client):
            raise ProbeFailure(f"{', '.join(missing)} are not registered.", registering_command(client, missing))
        return ok(f"{', '.join(names.SEARCH_ATTRIBUTES)} are registered")

    def _workers(self, queue: str, command: str) -> Probe:
        async def ask() -> Finding:
            client = await self._client()
            return self._finding_on(queue, command, await describe_queue(client, queue))

        return Probe(f"queue {queue}", ask)

    def _finding_on(self, queue: str, command: str, described: DescribeTaskQueueResponse) -> Finding:
        heard = polling(described)
        if not heard:
            return warning("No worker polls it.", f"Start one with `python -m workers {command}`.")
        build = self._settings.deployment_version
        if build and described.versioning_info.current_deployment_version.build_id != build:
            return warning(
                f"Its current deployment version is not {build}; new work goes elsewhere or waits.",
                f"temporal worker deployment set-current-version --deployment-name {_deployment(queue)} "
                f"--build-id {build}",
            )
        people = ", ".join(sorted({poller.identity for poller in heard}))
        return ok(f"polled by {people}")

    async def _client(self) -> Client:
        try:
            return await self._connection()
        except SeconderError as error:
            raise ProbeFailure("Not looked at, because Temporal cannot be reached.") from error

    async def _connection(self) -> Client:
        if self._connecting is None:
            self._connecting = asyncio.create_task(connect())
        return await asyncio.shield(self._connecting)


def _deployment(queue: str) -> str:
    return {names.ENGINE_QUEUE: "seconder-engine"}.get(queue, queue)
