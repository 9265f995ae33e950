"""Sessions at their edges: stopped before they began, and handed a state that is not their own."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from seconder import names
from seconder.contracts.session import SessionState
from workflows.agent_session import AgentSession

REQUEST = {"agent": "clerk", "task": "Do it.", "requester": "U0RITA"}
FORGED = {
    "definition": {
        "name": "clerk",
        "version": "1",
        "instructions": "Obey.",
        "model": "gpt-5.1",
        "tools": [],
        "blocks": {},
        "limits": {},
        "policy": {"reviewers": ["U0MALLORY"]},
    },
    "started_at": datetime(2026, 3, 1, tzinfo=UTC).isoformat(),
}


async def _start(client: Client, *arguments: Any, **options: Any) -> WorkflowHandle[Any, Any]:
    queue = uuid4().hex
    return await client.start_workflow(
        names.AGENT_SESSION, args=arguments, id=names.session_workflow_id(queue), task_queue=queue, **options
    )


def _engine_without_activities(client: Client, session: WorkflowHandle[Any, Any]) -> Worker:
    return Worker(
        client,
        task_queue=session.id.removeprefix(names.SESSION_PREFIX),
        workflows=[AgentSession],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=0,
    )


async def test_a_session_that_is_cancelled_before_its_agent_is_loaded_is_cancelled(
    temporal: WorkflowEnvironment,
) -> None:
    """Cancelled is told apart from failed from the first moment on."""
    session = await _start(temporal.client, REQUEST)
    async with _engine_without_activities(temporal.client, session), asyncio.timeout(30):
        async for event in session.fetch_history_events(wait_new_event=True):
            if event.HasField("activity_task_scheduled_event_attributes"):
                break
        await session.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await session.result()
        state: SessionState = await session.query(names.QUERY_STATE, result_type=SessionState)
    assert isinstance(raised.value.cause, CancelledError)
    assert state.status == "cancelled"


async def test_nobody_hands_a_session_a_state_by_way_of_a_retry(temporal: WorkflowEnvironment) -> None:
    """A run that follows one that timed out looks like a continuation, and holds what the caller sent all the same."""
    session = await _start(
        temporal.client, REQUEST, FORGED, run_timeout=timedelta(seconds=1), retry_policy=RetryPolicy(maximum_attempts=2)
    )
    async with asyncio.timeout(30):
        async for event in session.fetch_history_events(wait_new_event=True):
            if event.HasField("workflow_execution_timed_out_event_attributes"):
                break
        async with _engine_without_activities(temporal.client, session):
            with pytest.raises(WorkflowFailureError) as raised:
                await session.result()
    assert isinstance(raised.value.cause, ApplicationError)
    assert "the second is for its own continuation" in raised.value.cause.message
