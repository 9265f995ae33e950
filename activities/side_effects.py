"""Side-effecting tools, each as an activity type of its own, under the tool's name.

The worker that holds the credentials believes nobody: it checks the decision against the digest of the call, its own
tool against the version that was pinned, and the run that asks against the run that asked people, before anything runs.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeats import heartbeats
from seconder import names
from seconder.agents import Agent
from seconder.canonical import canonical_json, sha256_of
from seconder.contracts.calls import ApprovedCall, Call, Succeeded, ToolReport
from seconder.errors import ContractError, ToolError
from seconder.tools import InvalidArguments, Tool, ToolContext

RESULT_MAX_BYTES: Final = 256 * 1024
ERROR_MAX: Final = 4_000
_log = structlog.get_logger(__name__)

ToolActivity = Callable[[ApprovedCall], Awaitable[ToolReport]]


def tool_activities(agents: Mapping[str, Agent], task_queue: str, worker: str) -> list[ToolActivity]:
    """One activity for each name of a side-effecting tool among the agents of this queue.

    `worker` is this process's identity, for the receipts.
    """
    served = {name: agent for name, agent in agents.items() if agent.tools_queue == task_queue}
    tool_names = sorted({tool.name for agent in served.values() for tool in agent.tools if tool.effect.side_effecting})
    return [_activity(name, served, worker) for name in tool_names]


def _activity(tool_name: str, agents: Mapping[str, Agent], worker: str) -> ToolActivity:
    @activity.defn(name=tool_name)
    async def run_tool(approved: ApprovedCall) -> ToolReport:
        call = approved.call
        with structlog.contextvars.bound_contextvars(session_id=call.session_id, call_id=call.call_id, tool=tool_name):
            tool = _verified(tool_name, agents, approved)
            return await _run(tool, call, worker)

    return run_tool


def _verified(tool_name: str, agents: Mapping[str, Agent], approved: ApprovedCall) -> Tool[..., Any]:
    """The tool to run, after every check that can be made before it runs."""
    call = approved.call
    try:
        approved.verified()
    except ContractError as error:
        raise _refused(str(error)) from error
    agent = agents.get(call.agent)
    tool = agent.tool(call.tool) if agent is not None and call.tool == tool_name else None
    if tool is None or not tool.effect.side_effecting:
        raise _refused(f"this worker has no side-effecting tool {call.tool} of agent {call.agent}")
    if tool.spec.version != call.tool_version:
        raise _refused(f"version {call.tool_version} was approved and this worker has {tool.spec.version}")
    if activity.info().attempt > tool.attempts:
        raise _refused(f"attempt {activity.info().attempt} of {tool.attempts}")
    try:
        if tool.normalise(call.arguments) != call.arguments:
            raise _refused("the arguments are not in the form in which they are approved")
    except InvalidArguments as error:
        raise _refused(str(error)) from error
    if not names.is_call_of_run(call.call_id, activity.info().workflow_run_id or ""):
        # A reset session, or a copy of the message: the run that asked for the approval may have run the call already.
        raise ApplicationError(
            "The call was approved in another run of the session, which may have run it; it was not run again.",
            type="OutcomeUnknown",
            non_retryable=True,
        )
    return tool


async def _run(tool: Tool[..., Any], call: Call, worker: str) -> ToolReport:
    info = activity.info()
    context = ToolContext(
        session_id=call.session_id,
        call_id=call.call_id,
        idempotency_key=call.digest,
        attempt=info.attempt,
        log=structlog.get_logger(f"tool.{tool.name}"),
    )
    started_at = datetime.now(UTC)
    _log.info("tool.started", attempt=info.attempt)
    try:
        async with heartbeats(every_seconds=3), asyncio.timeout(tool.timeout.total_seconds()) as limit:
            value = await tool.invoke(call.arguments, context)
    except ToolError as error:
        _log.info("tool.failed")
        raise _failed(_words_of(error)) from None
    except Exception as error:  # noqa: BLE001 - a tool may raise anything
        if isinstance(error, TimeoutError) and limit.expired():
            _log.warning("tool.timed_out", seconds=tool.timeout.total_seconds())
            late = f"{tool.name} did not end within {tool.timeout.total_seconds():g} s."
            raise ApplicationError(late, type="ToolTimedOut") from None
        # Not in its words: they may repeat arguments, which belong into the history and not into a log.
        _log.error("tool.outcome_unknown", error=type(error).__name__, where=_place_of(error))
        raise ApplicationError(f"{type(error).__name__}: {_words_of(error)}", type="ToolRaised") from None
    _log.info("tool.succeeded")
    return ToolReport(
        outcome=Succeeded(result=_carried(value)),
        attempt=info.attempt,
        worker=worker,
        started_at=started_at,
        finished_at=datetime.now(UTC),
    )


def _place_of(error: Exception) -> str:
    """Where a tool raised, as `file:line`."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _words_of(error: Exception) -> str:
    """What a tool's exception says, at a length that a history and a notice can hold."""
    words = str(error)
    return words if len(words) <= ERROR_MAX else f"{words[:ERROR_MAX]}… ({len(words)} characters)"


def _carried(value: JsonValue) -> JsonValue:
    """The result as the history can hold it: the side effect happened, and a result too large must not hide that."""
    try:
        size = len(canonical_json(value))
        if size <= RESULT_MAX_BYTES:
            return value
        return {
            "left_out": f"The result is {size} bytes long; {RESULT_MAX_BYTES} are carried.",
            "sha256": sha256_of(value),
        }
    except ContractError as error:
        return {"left_out": f"The result cannot be carried: {error}"}


def _refused(why: str) -> ApplicationError:
    _log.error("tool.refused", why=why)
    if activity.info().attempt > 1:
        # An earlier attempt may have run before whatever made this one impossible.
        return ApplicationError(f"A further attempt was refused: {why}.", type="OutcomeUnknown", non_retryable=True)
    return ApplicationError(f"The call was refused before it ran: {why}.", type="ToolRefused", non_retryable=True)


def _failed(why: str) -> ApplicationError:
    if activity.info().attempt > 1:
        # The tool speaks for this attempt alone; an earlier one may have done it.
        return ApplicationError(f"A further attempt failed: {why}", type="OutcomeUnknown", non_retryable=True)
    return ApplicationError(why, type="ToolError", non_retryable=True)
