"""What a session asks of the engine's activities: its agent, the model, and checks of what the model said.

When one of them fails for good, the session ends with a sentence that says which and why.
"""

import asyncio
from typing import Any, Final, NoReturn

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from seconder import markdown, names
from seconder.contracts.definitions import AgentDefinition
from seconder.contracts.model import (
    CheckCalls,
    CheckedCalls,
    CheckOutput,
    FunctionCall,
    LoadAgent,
    ModelRequest,
    ModelTurn,
    OutputVerdict,
)
from seconder.contracts.session import TASK_MAX_BYTES, SessionCarry, SessionRequest
from seconder.mistakes import mistakes_in
from workflows import timeouts
from workflows.results import read_result

_INVALID: Final = "InvalidRequest"


def session_id() -> str:
    """The id of this session, from its workflow id.

    Raises:
        ApplicationError: the workflow was started under an id that is no session's. An id must name one session only,
            because approvals are bound to it.
    """
    workflow_id = workflow.info().workflow_id
    found = names.session_id_of(workflow_id)
    if found is None:
        raise _invalid(
            f"Start the session with a workflow id of the form session-<id>, not {workflow_id!r}; "
            "<id> has at most 64 letters, digits, dots, hyphens and underscores."
        )
    return found


def checked_request(raw: Any) -> SessionRequest:  # noqa: ANN401 - anyone may send anything
    """The session's input, or the end of the session with a list of what is wrong with it."""
    try:
        request = SessionRequest.model_validate(raw)
    except ValidationError as error:
        mistakes = mistakes_in(error, "input")[:20]
        raise _invalid("The input is no SessionRequest. " + "; ".join(mistakes)) from error
    too_long(request.task, "task")
    return request


def checked_carry(raw: Any) -> SessionCarry | None:  # noqa: ANN401 - anyone may send anything
    """What an earlier run of this session handed on, or None in its first run.

    Raises:
        ApplicationError: a caller sent one, and with it an agent and reviewers of the caller's own making.
    """
    if raw is None:
        return None
    info = workflow.info()
    # A cron schedule or a retry also continues a run, with the caller's own arguments.
    if info.continued_run_id is None or info.cron_schedule or info.attempt > 1:
        raise _invalid("A session takes one argument, a SessionRequest; the second is for its own continuation.")
    return SessionCarry.model_validate(raw)


def no_more_arguments(more: tuple[Any, ...]) -> None:
    """Refuse what no session takes.

    Raises:
        ApplicationError: there are further arguments.
    """
    if more:
        raise _invalid("A session takes one argument, a SessionRequest; there are more.")


def too_long(text: str, what: str) -> None:
    """Refuse a text that does not belong into a history.

    Raises:
        ApplicationError: it is longer than `TASK_MAX_BYTES`.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > TASK_MAX_BYTES:
        raise _invalid(
            f"The {what} is {size} bytes long; {TASK_MAX_BYTES} are allowed. "
            "Put what is longer where a tool can read it, and name that place."
        )


async def load_agent(request: SessionRequest) -> AgentDefinition:
    """Pin the agent as it is now."""
    try:
        found: RawValue = await workflow.execute_activity(
            names.ACTIVITY_LOAD_AGENT,
            LoadAgent(agent=request.agent, output_schema=request.output_schema),
            result_type=RawValue,
            summary=markdown.one_line(request.agent),
            **timeouts.LOAD_AGENT,
        )
    except ActivityError as error:
        _end(error, f"Agent {request.agent!r} could not be loaded")
    return read_result(AgentDefinition, found)


async def ask_model(request: ModelRequest, turn: int) -> ModelTurn:
    """One response of the model to the conversation so far."""
    try:
        found: RawValue = await workflow.execute_activity(
            names.ACTIVITY_ASK_MODEL,
            request,
            result_type=RawValue,
            summary=f"Turn {turn}: {markdown.one_line(request.definition.model)}",
            **timeouts.ASK_MODEL,
        )
    except ActivityError as error:
        _end(error, "The model could not be asked")
    return read_result(ModelTurn, found)


async def check_calls(
    definition: AgentDefinition, calls: tuple[FunctionCall, ...], call_ids: tuple[str, ...]
) -> CheckedCalls:
    """Which of the model's calls may go on to their approvals, and what is wrong with the others."""
    try:
        found: RawValue = await workflow.execute_activity(
            names.ACTIVITY_CHECK_CALLS,
            CheckCalls(session_id=session_id(), definition=definition, calls=calls, call_ids=call_ids),
            result_type=RawValue,
            summary=markdown.one_line(", ".join(call.name for call in calls)),
            **timeouts.CHECK,
        )
    except ActivityError as error:
        _end(error, "The calls of the model could not be checked")
    checked = read_result(CheckedCalls, found)
    if len(checked.calls) != len(calls):
        raise ApplicationError("A worker gave back other calls than were to be checked.", non_retryable=True)
    return checked


async def check_output(schema: dict[str, Any], text: str) -> OutputVerdict:
    """Whether a final answer fits the session's schema."""
    try:
        found: RawValue = await workflow.execute_activity(
            names.ACTIVITY_CHECK_OUTPUT,
            CheckOutput(output_schema=schema, text=text),
            result_type=RawValue,
            **timeouts.CHECK,
        )
    except ActivityError as error:
        _end(error, "The answer could not be checked against the schema")
    return read_result(OutputVerdict, found)


def _invalid(message: str) -> ApplicationError:
    return ApplicationError(message, type=_INVALID, non_retryable=True)


def _end(error: ActivityError, what: str) -> NoReturn:
    cause = error.cause
    if isinstance(cause, CancelledError):
        # Only a cancellation of the session cancels these: it must not pass for a failure.
        raise asyncio.CancelledError from error
    if not isinstance(cause, ApplicationError):
        raise ApplicationError(f"{what}: {cause or error}", type="Unavailable", non_retryable=True) from error
    if cause.type == _INVALID:
        raise _invalid(cause.message) from error
    raise ApplicationError(f"{what}: {cause.message}", type=cause.type, non_retryable=True) from error
