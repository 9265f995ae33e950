"""`run_block`: approved code in a sandbox, with the read tools in this process."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeats import heartbeats
from sandbox.protocol import (
    Answer,
    BlockCompleted,
    BlockDiverged,
    BlockFailed,
    BlockOutcome,
    BlockSpec,
    BlockSuspended,
    FailedAnswer,
    Journal,
    JournalEntry,
    RefusedAnswer,
    Sandbox,
    ValueAnswer,
)
from sandbox.protocol import Call as BlockToolCall
from seconder import names
from seconder.agents import Agent
from seconder.canonical import sha256_of
from seconder.contracts.blocks import BlockCall, BlockReport, BlockRun
from seconder.effects import Effect
from seconder.errors import ContractError, ToolError
from seconder.tools import InvalidArguments, Tool, ToolContext

_log = structlog.get_logger(__name__)
_ERROR_MAX_CHARACTERS = 8_000


class BlockRunner:
    """Runs blocks in a sandbox and answers their reads."""

    def __init__(self, sandbox: Sandbox, agents: Mapping[str, Agent], worker: str) -> None:
        self._sandbox = sandbox
        self._agents = agents
        self._worker = worker

    @activity.defn(name=names.ACTIVITY_RUN_BLOCK)
    async def run_block(self, run: BlockRun) -> BlockReport:
        """Run one approved block to its end; what goes wrong inside it is in the report."""
        grant = self._verified(run)
        code = str(run.call.arguments["code"])
        spec = BlockSpec(
            code=code,
            tools=grant,
            signatures={tool.name: tool.stub for tool in run.grant},
            limits=run.settings,
            journal=Journal(seed=run.call.digest, started_at=datetime.now(UTC)),
        )
        with structlog.contextvars.bound_contextvars(session_id=run.call.session_id, call_id=run.call.call_id):
            async with heartbeats(every_seconds=0.5):
                outcome = await self._sandbox.run(spec, lambda call: self._answer(run, call))
            _log.info("block.ended", kind=outcome.kind, calls=outcome.usage.calls)
        described = self._sandbox.describe()
        return BlockReport(
            kind="completed" if isinstance(outcome, BlockCompleted) else "failed",
            result=outcome.result if isinstance(outcome, BlockCompleted) else None,
            stdout=outcome.stdout,
            error=_error_of(outcome)[:_ERROR_MAX_CHARACTERS],
            calls=tuple(_recorded(entry) for entry in outcome.journal.entries),
            sandbox=f"{described.backend} {described.version}",
            worker=self._worker,
            wall_seconds=outcome.usage.wall_seconds,
        )

    def _verified(self, run: BlockRun) -> tuple[str, ...]:
        """The grant, after a check that this code and these tools are what was decided on."""
        granted = run.call.arguments.get("tools")
        names_of_grant = tuple(tool.name for tool in run.grant)
        if not run.decision.allows or run.decision.digest != run.call.digest:
            raise _refused("the decision is no yes to this block")
        if not isinstance(granted, list) or sorted(map(str, granted)) != sorted(names_of_grant):
            raise _refused("its grant names other tools than were decided on")
        for pinned in run.grant:
            tool = self._tool(run.call.agent, pinned.name)
            if tool is None or tool.spec.version != pinned.version or tool.effect.side_effecting:
                raise _refused(f"this worker has no read {pinned.name} of version {pinned.version}")
            if run.decision.kind == "automatic" and tool.effect is not Effect.READ:
                raise _refused(f"nobody was asked whether it may read with {pinned.name}")
        return names_of_grant

    def _tool(self, agent_name: str, name: str) -> Tool[..., Any] | None:
        agent = self._agents.get(agent_name)
        return agent.tool(name) if agent is not None else None

    async def _answer(self, run: BlockRun, call: BlockToolCall) -> Answer:
        tool = self._tool(run.call.agent, call.tool)
        if tool is None:
            return RefusedAnswer(reason=f"there is no tool {call.tool}")
        if tool.effect.side_effecting:
            return RefusedAnswer(
                reason=f"{call.tool} has a side effect and cannot be called from code; call it directly, as a function"
            )
        context = ToolContext(
            session_id=run.call.session_id,
            call_id=f"{run.call.call_id}.{call.number}",
            idempotency_key=sha256_of([run.call.digest, call.number]),
            attempt=activity.info().attempt,
            log=_log.bind(tool=call.tool),
        )
        try:
            async with asyncio.timeout(tool.timeout.total_seconds()) as limit:
                value = await tool.invoke(tool.normalise(call.arguments), context)
        except TimeoutError as error:
            # The tool may have raised one of its own.
            late = f"{call.tool} took longer than {tool.timeout.total_seconds():g} s"
            return FailedAnswer(type="TimeoutError", message=late if limit.expired() else str(error))
        except (InvalidArguments, ToolError) as error:
            return FailedAnswer(
                type="ValueError" if isinstance(error, InvalidArguments) else "ToolError", message=str(error)
            )
        except Exception as error:  # noqa: BLE001 - a read may raise anything; the block gets it as an error
            # A sensitive read may say in its error what it read.
            words = {} if tool.effect is Effect.READ_SENSITIVE else {"exc_info": error}
            _log.warning("read.failed", tool=call.tool, error=type(error).__name__, **words)
            return FailedAnswer(type=type(error).__name__, message=str(error))
        return ValueAnswer(value=value)


def _error_of(outcome: BlockOutcome) -> str:
    match outcome:
        case BlockFailed():
            return outcome.traceback or f"{outcome.error}: {outcome.message}"
        case BlockDiverged():
            return outcome.message
        case BlockSuspended():
            return "The block waits for calls that cannot be made from code: " + ", ".join(
                call.tool for call in outcome.pending
            )
        case _:
            return ""


def _recorded(entry: JournalEntry) -> BlockCall:
    kinds = {"value": "value", "failed": "failed", "refused": "refused"}
    answered = kinds.get(entry.answer.kind, "none") if entry.answer is not None else "none"
    return BlockCall.model_validate(
        {
            "number": entry.number,
            "tool": entry.tool,
            "arguments_digest": _digest(entry.arguments),
            "answer": answered,
        }
    )


def _digest(arguments: dict[str, JsonValue]) -> str:
    try:
        return sha256_of(arguments)
    except ContractError:
        return ""


def _refused(why: str) -> ApplicationError:
    return ApplicationError(f"The block was refused: {why}.", type="BlockRefused", non_retryable=True)
