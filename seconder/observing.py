"""Reading what Temporal knows of sessions and requests, with a worker's answer where there is one."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.exceptions import TimeoutError as WorkflowTimeoutError
from temporalio.service import RPCError, RPCStatusCode

from seconder import names
from seconder.connection import temporal_call
from seconder.contracts.approvals import ApprovalRequest, ApprovalState
from seconder.starting import MEMO_TASK
from seconder.views import Execution, OpenRequest, SessionSummary

QUERY_SECONDS: Final = 3.0
_CALLS_AT_ONCE: Final = 8

_EXECUTION: Final[dict[WorkflowExecutionStatus | None, Execution]] = {
    WorkflowExecutionStatus.COMPLETED: "completed",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.TERMINATED: "terminated",
    WorkflowExecutionStatus.TIMED_OUT: "timed_out",
}


class Unanswered(Exception):  # noqa: N818 - an expected answer to a question, told as a value
    """A query was not answered; the message says why and what to do."""


class NobodyAnswers(Unanswered):
    """No worker is there: further questions would wait for nothing as well."""


_NOBODY: Final = (
    f"No engine worker answered within {QUERY_SECONDS:.0f} s. Start one with `python -m workers engine`, "
    "or look at its log if it runs."
)


async def summary_of(execution: WorkflowExecution) -> SessionSummary:
    """A session as Temporal lists or describes it."""
    attributes = execution.typed_search_attributes

    def attribute(name: str) -> str:
        return attributes.get(SearchAttributeKey.for_keyword(name)) or ""

    return SessionSummary(
        session_id=names.session_id_of(execution.id) or execution.id,
        workflow_id=execution.id,
        run_id=execution.run_id,
        agent=attribute(names.SEARCH_AGENT),
        state=attribute(names.SEARCH_STATE),
        requester=attribute(names.SEARCH_REQUESTER),
        task=str(await execution.memo_value(MEMO_TASK, "")),
        execution=_EXECUTION.get(execution.status, "running"),
        started_at=execution.start_time,
        ended_at=execution.close_time,
    )


async def first_input[Input: BaseModel](
    client: Client, handle: WorkflowHandle[Any, Any], input_type: type[Input]
) -> Input | None:
    """The first argument that a workflow was started with, read from its history; None when it is something else."""
    with temporal_call(f"read the history of {handle.id}"):
        event = await anext(aiter(handle.fetch_history_events(page_size=1)))
    payloads = event.workflow_execution_started_event_attributes.input.payloads
    try:
        decoded = await client.data_converter.decode(payloads[:1], [input_type])
    except ValidationError:
        return None
    return decoded[0] if decoded and isinstance(decoded[0], input_type) else None


async def query[Answer](handle: WorkflowHandle[Any, Any], name: str, answer_type: type[Answer]) -> Answer:
    """A worker's answer to a query.

    Raises:
        Unanswered: none came within `QUERY_SECONDS`, or the worker could not give one.
    """
    try:
        # The time-out of the call alone is not enough: the SDK sometimes tries such a call again.
        async with asyncio.timeout(QUERY_SECONDS):
            answer: Answer = await handle.query(
                name, result_type=answer_type, rpc_timeout=timedelta(seconds=QUERY_SECONDS)
            )
    except TimeoutError as error:
        raise NobodyAnswers(_NOBODY) from error
    except RPCError as error:
        if error.status in (RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED):
            raise NobodyAnswers(_NOBODY) from error
        raise Unanswered(f"Temporal did not pass on the question: {error.message} ({error.status.name}).") from error
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
        raise Unanswered(f"The engine worker could not answer: {error}.") from error
    except ValidationError as error:
        raise Unanswered(
            f"The engine worker's answer to {name!r} is of a version that this one cannot read."
        ) from error
    return answer


async def all_open_requests(client: Client) -> list[OpenRequest]:
    """Every request that waits for people, the longest waiting first."""
    running = f"WorkflowType = '{names.APPROVAL}' AND ExecutionStatus = 'Running'"
    with temporal_call("list the requests"):
        executions = [execution async for execution in client.list_workflows(running)]
    executions.sort(key=lambda execution: execution.start_time)
    worker_answers = bool(executions) and await _somebody_answers(client, executions[0])
    at_once = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def read(execution: WorkflowExecution) -> OpenRequest:
        async with at_once:
            return await _open_request(client, execution, worker_answers=worker_answers)

    return list(await asyncio.gather(*map(read, executions)))


def failure_sentence(cause: BaseException) -> str:
    """What became of a workflow that gave no result, as the rest of a sentence that began with its name."""
    if isinstance(cause, CancelledError):
        return "was cancelled."
    if isinstance(cause, TerminatedError):
        return f"was terminated: {cause.message or 'no reason was given'}."
    if isinstance(cause, WorkflowTimeoutError):
        return "ran out of the time that its caller gave it."
    if isinstance(cause, ApplicationError):
        return f"failed: {cause.message}"
    return f"failed: {cause}"


async def _somebody_answers(client: Client, execution: WorkflowExecution) -> bool:
    # Asked once: without a worker every question would wait until its time-out.
    try:
        await query(_handle(client, execution), names.QUERY_STATE, ApprovalState)
    except NobodyAnswers:
        return False
    except Unanswered:
        return True
    return True


async def _open_request(client: Client, execution: WorkflowExecution, *, worker_answers: bool) -> OpenRequest:
    handle = _handle(client, execution)
    request = await first_input(client, handle, ApprovalRequest)
    state, problem = None, "" if request else "It was started with something that is no ApprovalRequest."
    if worker_answers:
        try:
            state = await query(handle, names.QUERY_STATE, ApprovalState)
        except Unanswered as error:
            problem = problem or str(error)
    now = datetime.now(UTC)
    return OpenRequest(
        request_id=execution.id,
        request=request,
        state=state,
        problem=problem,
        waiting_seconds=max((now - execution.start_time).total_seconds(), 0.0),
        expires_in_seconds=(request.expires_at - now).total_seconds() if request else None,
    )


def _handle(client: Client, execution: WorkflowExecution) -> WorkflowHandle[Any, Any]:
    return client.get_workflow_handle(execution.id, run_id=execution.run_id)
