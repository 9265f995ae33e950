"""The loop of turns: ask the model, perform its calls, until it answers."""

import asyncio
import json
from collections.abc import Coroutine

from pydantic import JsonValue
from temporalio import workflow

from seconder.contracts.blocks import BlockFacts
from seconder.contracts.calls import Call
from seconder.contracts.definitions import SessionLimits
from seconder.contracts.model import ModelRequest, ModelTurn, RefusedCall
from seconder.contracts.session import Message, SessionRequest, SessionResult
from workflows import engine, outcomes
from workflows.blocks import BlockEnd, Blocks
from workflows.errands import Errands
from workflows.record import SessionRecord
from workflows.side_effects import SideEffects
from workflows.status import Status

CORRECTIONS_MAX = 2
"""How often the model is told that its final answer cannot be accepted."""


class ContinueAsNew(Exception):  # noqa: N818 - no error: the loop asks the workflow to go on in a new run
    """The history has grown long, and nothing waits: a good moment to start a new one."""


class Turns:
    """One session's conversation with its model."""

    def __init__(
        self,
        *,
        request: SessionRequest,
        limits: SessionLimits,
        record: SessionRecord,
        side_effects: SideEffects,
        blocks: Blocks,
        status: Status,
        errands: Errands,
        messages: list[Message],
    ) -> None:
        self._request = request
        self._limits = limits
        self._record = record
        self._side_effects = side_effects
        self._blocks = blocks
        self._status = status
        self._errands = errands
        self._messages = messages
        self._flows: list[asyncio.Task[None]] = []

    async def run(self) -> SessionResult:
        """Take turns until the session has a result.

        Raises:
            ContinueAsNew: the history should be cut here.
        """
        while True:
            self._status.set("thinking")
            self._take_in_messages()
            if limit := self._limit_reached():
                return self.limit_result(limit)
            if workflow.info().is_continue_as_new_suggested():
                raise ContinueAsNew
            turn = await self._ask_model()
            performs = bool(turn.calls) and turn.status == "completed"
            result = await (self._perform(turn) if performs else self._conclude(turn))
            if result is not None and (result.status != "completed" or not await self._further_message()):
                return result

    def limit_result(self, limit: str) -> SessionResult:
        """The end of a session that ran into one of its limits."""
        error = f"Limit reached: {limit}. Start a session with a wider limit, or a smaller task."
        self._record.ended("limit", error)
        return SessionResult(
            status="limit_reached", error=error, usage=self._record.usage, receipts=tuple(self._record.receipts)
        )

    async def stop(self) -> None:
        """Wait until what already runs has ended: a side effect that was begun is never abandoned."""
        self._blocks.cancel()
        if self._flows:
            await workflow.wait(self._flows)

    def _take_in_messages(self) -> None:
        while self._messages:
            message = self._messages.pop(0)
            self._record.said_by_user("message", message.text, message.sender)

    def _limit_reached(self) -> str:
        record, limits = self._record, self._limits
        if record.turn >= limits.turns:
            return f"turns: {record.turn} of {limits.turns} taken"
        if record.usage.tokens >= limits.tokens:
            return f"tokens: {record.usage.tokens} of {limits.tokens} used"
        return record.full

    async def _ask_model(self) -> ModelTurn:
        record = self._record
        request = ModelRequest(
            session_id=engine.session_id(),
            definition=record.definition,
            items=tuple(record.items),
            output_schema=self._request.output_schema,
        )
        turn = await engine.ask_model(request, record.turn + 1)
        record.answered_by_model(turn)
        return turn

    async def _perform(self, turn: ModelTurn) -> SessionResult | None:
        """Perform all calls of one turn side by side, and tell the model of each, in the order of the calls.

        Gives the result of the session if the turn was one block and it finished the session.
        """
        minted = tuple(self._record.next_call_id() for _ in turn.calls)
        checked = await engine.check_calls(self._record.definition, turn.calls, minted)
        # As they were checked: a run that begins with a reset mints others for the same calls.
        call_ids = tuple(
            own if isinstance(found, RefusedCall) else found.call.call_id
            for own, found in zip(minted, checked.calls, strict=True)
        )
        # By our own ids: a model may give two of its calls the same one.
        told: dict[str, dict[str, JsonValue]] = {}
        effects: list[Call] = []
        ends: dict[str, BlockEnd] = {}
        flows: list[Coroutine[None, None, None]] = []
        for call_id, found in zip(call_ids, checked.calls, strict=True):
            if isinstance(found, RefusedCall):
                self._record.refused_call(found)
                told[call_id] = {"status": "refused", "error": found.error, "note": "It did not run."}
                continue
            self._record.called(found.call)
            if found.block is not None:
                flows.append(self._run_block(found.call, found.block, ends))
            else:
                effects.append(found.call)
        if effects:
            flows.append(self._run_side_effects(effects, told))
        await self._run_flows(flows)
        finished = None
        for call_id, end in ends.items():
            checked_end = await self._finish(end, alone=len(turn.calls) == 1) if end.finished else end
            finished = checked_end if checked_end.finished else finished
            told[call_id] = checked_end.told
        for call_id, asked in zip(call_ids, turn.calls, strict=True):
            self._record.told_model(asked.call_id, told[call_id])
        return self._end("completed", output=finished.output) if finished is not None else None

    async def _run_flows(self, flows: list[Coroutine[None, None, None]]) -> None:
        if not flows:
            return
        # Tasks of their own, awaited through `wait`: a cancellation of the session must not reach into a running
        # side effect.
        self._flows = [asyncio.create_task(flow) for flow in flows]
        await workflow.wait(self._flows)
        finished, self._flows = self._flows, []
        for flow in finished:
            flow.result()

    async def _run_block(self, call: Call, facts: BlockFacts, ends: dict[str, BlockEnd]) -> None:
        ends[call.call_id] = await self._blocks.run(self._record.definition, call, facts)

    async def _run_side_effects(self, calls: list[Call], told: dict[str, dict[str, JsonValue]]) -> None:
        settled, _ = await self._side_effects.settle(self._record.definition, calls)
        told.update({call_id: outcomes.told_of(settlement) for call_id, settlement in settled.items()})

    async def _finish(self, end: BlockEnd, *, alone: bool) -> BlockEnd:
        """A block that means to end the session: as it is, or one that goes on, with what the model has to mend."""
        if not alone:
            note = "finish takes effect in a turn without other calls only; the session goes on."
            return BlockEnd({**end.told, "note": note})
        if self._request.output_schema is None:
            return end
        verdict = await engine.check_output(self._request.output_schema, json.dumps(end.output))
        if verdict.accepted:
            return end
        error = f"The value given to finish does not fit the output schema: {verdict.error} The session goes on."
        return BlockEnd({**end.told, "status": "failed", "error": error})

    async def _conclude(self, turn: ModelTurn) -> SessionResult | None:
        """The result that a turn without calls means, or None when the model has to try again."""
        if turn.refusal:
            return self._end("refused", error=turn.refusal)
        if turn.status != "completed":
            return self._end("incomplete", error=f"The model's answer is {turn.status}: {turn.reason}.")
        if not turn.text.strip():
            return self._correct("Your last answer was empty. Answer the task, or call a tool.")
        if self._request.output_schema is None:
            return self._end("completed", output=turn.text)
        verdict = await engine.check_output(self._request.output_schema, turn.text)
        if verdict.accepted:
            return self._end("completed", output=verdict.output)
        return self._correct(f"Your answer does not fit the output schema: {verdict.error} Answer again, in JSON only.")

    def _correct(self, message: str) -> SessionResult | None:
        if self._record.corrections >= CORRECTIONS_MAX:
            return self._end("incomplete", error=message)
        self._record.corrected(message)
        return None

    def _end(self, status: str, *, output: JsonValue = None, error: str = "") -> SessionResult:
        self._record.ended("error" if error else "answer", error or _as_text(output))
        return SessionResult.model_validate(
            {
                "status": status,
                "output": output,
                "error": error,
                "usage": self._record.usage,
                "receipts": tuple(self._record.receipts),
            }
        )

    async def _further_message(self) -> bool:
        """Whether the requester says more in the time that the session stays open after an answer."""
        # Now rather than after the last look at the messages: one that arrives meanwhile would be lost.
        await self._errands.finish()
        if self._messages:
            return True
        if not self._request.idle_seconds:
            return False
        self._status.set("waiting_for_message")
        try:
            await workflow.wait_condition(
                lambda: bool(self._messages),
                timeout=self._request.idle_seconds,
                timeout_summary="Wait for a further message",
            )
        except TimeoutError:
            return False
        return True


def _as_text(output: JsonValue) -> str:
    return output if isinstance(output, str) else str(output)
