"""An approval is good for one run of one session: neither a reset nor a copy of the message runs a call again."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from seconder import names
from seconder.contracts.session import SessionResult
from seconder.testing.model import function_call, text
from tests.integration.evidence import History
from tests.integration.stage import Session, Stage

PAY = function_call("pay", {"customer": 7, "cents": 100})


async def test_a_reset_does_not_run_an_approved_call_again(stage: Stage) -> None:
    """Whoever resets a session to before a side effect gets no second one: its outcome is unknown to the new run."""
    session = await stage.start([PAY], [text("Done.")])
    await session.approve()
    await session.result()
    await _reset_to_before(session, "pay")
    again = await session.handle.result()
    assert [receipt.outcome for receipt in again.receipts] == ["unknown"]
    assert "another run" in session.told()[-1]["error"]
    assert len(stage.witness.of(session.session_id)) == 1


async def test_a_request_that_was_reset_can_still_be_decided(stage: Stage) -> None:
    """A click goes to the run that waits, not to the one that the reset ended."""
    session = await stage.start([PAY], [text("Done.")])
    await session.request()
    history = await History.fetch(stage.client, session.approval().id)
    finished = [
        event.event_id for event in history.events if event.HasField("workflow_task_completed_event_attributes")
    ]
    await _reset(stage.client, history.workflow_id, finished[0])
    await session.approve()
    assert [receipt.outcome for receipt in (await session.result()).receipts] == ["succeeded"]
    # The judge would read the approval's first run, which the reset ended before anybody clicked.
    stage.sessions.remove(session)


async def test_a_copied_message_runs_nothing(stage: Stage) -> None:
    """Whoever reads an approved call out of a history and sends it to the tools worker once more gets nowhere."""
    session = await stage.start([PAY], [text("Paid.")])
    await session.approve()
    await session.result()
    [message] = (await session.history()).inputs("pay")
    queue = f"copyist-{session.session_id}"
    async with Worker(stage.client, task_queue=queue, workflows=[Copyist], workflow_runner=UnsandboxedWorkflowRunner()):
        with pytest.raises(WorkflowFailureError) as raised:
            await stage.client.execute_workflow(Copyist.run, message, id=queue, task_queue=queue)
    assert isinstance(raised.value.cause, ActivityError)
    assert isinstance(raised.value.cause.cause, ApplicationError)
    assert raised.value.cause.cause.type == "OutcomeUnknown"
    assert len(stage.witness.of(session.session_id)) == 1


@workflow.defn(name="Copyist")
class Copyist:
    """Sends a tools worker what it once got from a session."""

    @workflow.run
    async def run(self, message: Any) -> Any:
        """Schedule `pay` as the session did."""
        return await workflow.execute_activity(
            "pay",
            message,
            task_queue=names.TOOLS_QUEUE,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


async def _reset_to_before(session: Session, activity: str) -> None:
    history = await session.history()
    [scheduled] = [
        event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == activity
    ]
    client = session.stage.client
    await _reset(client, session.handle.id, scheduled.workflow_task_completed_event_id)
    session.handle = client.get_workflow_handle(session.handle.id, result_type=SessionResult)


async def _reset(client: Client, workflow_id: str, task_finished: int) -> None:
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="to see what happens",
            workflow_task_finish_event_id=task_finished,
            request_id=f"reset-{workflow_id}",
        )
    )
