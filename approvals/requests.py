"""Requests as they are stored in Temporal, read and signalled without any worker running.

The request is the input of its workflow: the first event of the history holds it, and nobody can change it there. That
is why a click that arrives while every worker is down can still be judged, and is not lost once it is signalled.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from seconder import names
from seconder.contracts.approvals import ApprovalRequest, ApprovalResult
from seconder.contracts.calls import Decision, Review
from seconder.errors import NotFoundError, ServiceError

PATIENCE: Final = 1.1
"""Seconds for reading, and again for the signal: both must fit into the 3 s that Slack gives a click."""
_NOT_THERE: Final = (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)


class RequestClosedError(ServiceError):
    """The request took no review any more: everything was decided, or its session is gone."""


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request and whether it still takes reviews.

    `decided` is what became of its calls, by digest, once it is closed; an open request keeps that to its worker.
    """

    request: ApprovalRequest
    run_id: str
    is_open: bool
    decided: dict[str, Decision] = field(default_factory=dict)


class Requests:
    """Reads requests and sends reviews; `patience` is in seconds."""

    def __init__(self, client: Client, *, patience: float = PATIENCE) -> None:
        self._client = client
        self._patience = patience

    async def load(self, request_id: str) -> StoredRequest:
        """The stored request of this id.

        Raises:
            NotFoundError: Temporal has no such request.
            ServiceError: Temporal did not answer in time.
        """
        async with self._answering(f"read {request_id}"):
            # The run that is current: the first event of one that was reset names the run that it replaced.
            description = await self._client.get_workflow_handle(request_id).describe()
            handle = self._client.get_workflow_handle(request_id, run_id=description.run_id, result_type=ApprovalResult)
            event = await self._first_event(handle)
            started = event.workflow_execution_started_event_attributes
            if started.workflow_type.name != names.APPROVAL:
                raise NotFoundError(f"{request_id} is no request for approval.")
            request = await self._decoded(request_id, event)
            is_open = description.status == WorkflowExecutionStatus.RUNNING
            decided: dict[str, Decision] = {}
            if description.status == WorkflowExecutionStatus.COMPLETED:
                result = await handle.result(follow_runs=False)
                decided = {decision.digest: decision for decision in result.decisions}
            return StoredRequest(request, description.run_id, is_open, decided)

    async def send(self, stored: StoredRequest, review: Review) -> None:
        """Put a review into the history of a request; it survives everything from then on.

        Raises:
            RequestClosedError: the request takes no review any more.
            ServiceError: Temporal did not confirm the review in time; it may have taken it all the same.
        """
        handle = self._client.get_workflow_handle(stored.request.request_id, run_id=stored.run_id)
        async with self._answering(f"take a review of {stored.request.request_id}"):
            try:
                await handle.signal(names.SIGNAL_REVIEW, review)
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    raise RequestClosedError(f"{stored.request.request_id} is closed.") from error
                raise

    async def _first_event(self, handle: WorkflowHandle[Any, Any]) -> HistoryEvent:
        async for event in handle.fetch_history_events(page_size=1):
            return event
        raise NotFoundError(f"{handle.id} has no history.")

    async def _decoded(self, request_id: str, event: HistoryEvent) -> ApprovalRequest:
        converter = self._client.data_converter.with_context(
            WorkflowSerializationContext(namespace=self._client.namespace, workflow_id=request_id)
        )
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        try:
            [request] = await converter.decode(payloads, [ApprovalRequest])
        except ValueError as error:
            raise NotFoundError(f"{request_id} was started with something that is no request.") from error
        if not isinstance(request, ApprovalRequest) or request.request_id != request_id:
            raise NotFoundError(f"{request_id} was started with the request of another id.")
        return request

    @asynccontextmanager
    async def _answering(self, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                yield
        except RPCError as error:
            if error.status in _NOT_THERE:
                raise NotFoundError(f"Temporal could not {what}: {error.message}") from error
            raise ServiceError(f"Temporal could not {what}: {error.message}") from error
        except WorkflowFailureError as error:
            raise ServiceError(f"Temporal could not {what}: {error.cause}") from error
        # A client that was never connected raises RuntimeError while the server is away.
        except (TimeoutError, RuntimeError) as error:
            raise ServiceError(f"Temporal did not {what} within {self._patience} s.") from error
