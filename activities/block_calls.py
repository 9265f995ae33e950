"""How the calls of a block are answered: reads at once and here, side effects later and elsewhere.

A side effect is never run from here. It is answered *pending*, which suspends the block; the session has it decided,
and hands in what became of it for the next run.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, assert_never

import structlog
from temporalio import activity

from activities.fetching import Fetcher
from sandbox.protocol import (
    Answer,
    Call,
    DeniedAnswer,
    ExpiredAnswer,
    FailedAnswer,
    FinalAnswer,
    Journal,
    PendingAnswer,
    RefusedAnswer,
    ValueAnswer,
)
from seconder import names
from seconder.agents import Agent
from seconder.canonical import sha256_of
from seconder.contracts.blocks import BlockRun, SettledCall
from seconder.contracts.calls import Outcome, Settlement
from seconder.contracts.definitions import ToolSpec
from seconder.effects import Effect
from seconder.errors import ContractError, ToolError
from seconder.tools import InvalidArguments, Tool, ToolContext

_log = structlog.get_logger(__name__)


class BlockCalls:
    """Answers the calls of one run of a block, by the tools of this worker."""

    def __init__(self, agent: Agent, run: BlockRun, fetcher: Fetcher) -> None:
        self._agent = agent
        self._fetcher = fetcher
        self.domains = agent.blocks.domains if run.call.arguments.get("domains") else ()
        self._run = run
        self._pinned = {spec.name: spec for spec in run.grant}

    async def answer(self, call: Call) -> Answer:
        """The answer to a live call; what goes wrong with it is an answer too."""
        if call.tool == names.FETCH and self.domains:
            return await self._fetcher.answer(self.domains, call.arguments)
        pinned = self._pinned.get(call.tool)
        if pinned is None:
            return RefusedAnswer(reason=f"{call.tool} is not among the tools that this block may call")
        tool = self._agent.tool(call.tool)
        if tool is None or tool.spec.version != pinned.version:
            return RefusedAnswer(
                reason=f"{call.tool} was changed since the session began; it cannot be called any more"
            )
        try:
            arguments = tool.normalise(call.arguments)
        except InvalidArguments as error:
            return FailedAnswer(type="ValueError", message=str(error))
        if tool.effect.side_effecting:
            return PendingAnswer()
        return await self._read(tool, call.number, arguments)

    async def _read(self, tool: Tool[..., Any], number: int, arguments: dict[str, Any]) -> Answer:
        context = ToolContext(
            session_id=self._run.call.session_id,
            call_id=names.call_id_within(self._run.call.call_id, number),
            idempotency_key=sha256_of([self._run.call.digest, number]),
            attempt=activity.info().attempt,
            log=_log.bind(tool=tool.name),
        )
        try:
            async with asyncio.timeout(tool.timeout.total_seconds()) as limit:
                value = await tool.invoke(arguments, context)
        except TimeoutError as error:
            # The tool may have raised one of its own.
            late = f"{tool.name} took longer than {tool.timeout.total_seconds():g} s"
            return FailedAnswer(type="TimeoutError", message=late if limit.expired() else str(error))
        except (InvalidArguments, ToolError) as error:
            return FailedAnswer(
                type="ValueError" if isinstance(error, InvalidArguments) else "ToolError", message=str(error)
            )
        except Exception as error:  # noqa: BLE001 - a read may raise anything; the block gets it as an error
            # A sensitive read may say in its error what it read.
            words = {} if tool.effect is Effect.READ_SENSITIVE else {"exc_info": error}
            _log.warning("read.failed", tool=tool.name, error=type(error).__name__, **words)
            return FailedAnswer(type=type(error).__name__, message=str(error))
        return ValueAnswer(value=value)


def answered(journal: Journal, settled: Sequence[SettledCall]) -> Journal:
    """The journal with what became of the calls that the block waits for.

    Raises:
        ContractError: a call is not the one that the journal has under its number, or none that waits.
    """
    waiting = {call.number: call for call in journal.pending}
    for one in settled:
        call = waiting.get(one.number)
        if call is None or call.tool != one.call.tool:
            raise ContractError(f"its journal does not wait for call {one.number} of {one.call.tool}")
        journal = journal.answered(one.number, _answer_of(one.settlement), at=one.settlement.at)
    if journal.pending:
        raise ContractError(f"{len(journal.pending)} of the calls that it waits for have no answer")
    return journal


def _answer_of(settlement: Settlement) -> FinalAnswer:
    """What the block sees of a side effect: its result, or an exception that it can catch."""
    decision = settlement.decision
    if settlement.report is not None:
        return _answer_of_outcome(settlement.report.outcome)
    match decision.kind:
        case "expired":
            return ExpiredAnswer(reason=decision.reason or "the approval expired before anyone decided")
        case "cancelled":
            return DeniedAnswer(reason=decision.reason or "the call was taken back before anyone decided")
        case _:
            return DeniedAnswer(reason=decision.reason or "a reviewer said no")


def _answer_of_outcome(outcome: Outcome) -> FinalAnswer:
    match outcome.kind:
        case "succeeded":
            return ValueAnswer(value=outcome.result)
        case "failed":
            return FailedAnswer(type="ToolError", message=outcome.error)
        case "unknown":
            note = "it may have happened; do not repeat it"
            return FailedAnswer(type="OutcomeUnknown", message=f"{outcome.error} ({note})")
        case _:
            assert_never(outcome)


def normal_form(agent: Agent, call: Call) -> dict[str, Any]:
    """The arguments of a call that waits, as people are shown them and as the tool will get them."""
    tool = agent.tool(call.tool)
    if tool is None:
        raise ContractError(f"this worker has no tool {call.tool}")
    return tool.normalise(call.arguments)


def pinned_differences(agent: Agent, grant: Sequence[ToolSpec]) -> list[str]:
    """The tools of a grant that this worker does not have in the pinned version."""
    return [spec.name for spec in grant if (tool := agent.tool(spec.name)) is None or tool.spec.version != spec.version]
