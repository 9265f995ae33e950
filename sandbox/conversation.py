"""The host's side of one run of a block: it checks every message of the guest, and answers calls.

Nothing that the guest says is believed. Its calls are numbered, compared with the journal, held against the grant and
counted here; the guest's own checks only give better errors. A backend moves bytes between this and a guest:

    conversation = Conversation(spec, answer, recorded_by="eryx 0.11.0")
    guest.send(conversation.opening())
    while isinstance(step := await conversation.hear(await guest.receive()), bytes):
        guest.send(step)
    return step                                                   # the outcome
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from pydantic import BaseModel, JsonValue

from sandbox import apart, messages
from sandbox.calls import Answer, Call, FailedAnswer, PendingAnswer, RefusedAnswer, ValueAnswer
from sandbox.journal import Journal
from sandbox.protocol import (
    Answerer,
    BlockCompleted,
    BlockDiverged,
    BlockFailed,
    BlockOutcome,
    BlockSpec,
    BlockSuspended,
    BlockUsage,
    LimitName,
)
from sandbox.replay import Replay
from sandbox.signatures import parameters_of
from sandbox.transcript import Transcript

_STOP_SECONDS = 5.0
_TYPE_MAX, _MESSAGE_MAX = 200, 10_000
"""Characters of a tool's error that a block is told."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIMITS = frozenset(LimitName.__args__)  # type: ignore[attr-defined]


class _Ended(Exception):  # noqa: N818 - carries an outcome out of nested steps, never leaves this module
    def __init__(self, outcome: BlockOutcome) -> None:
        super().__init__()
        self.outcome = outcome


class Conversation:
    """One run, from the opening to the outcome."""

    def __init__(
        self,
        spec: BlockSpec,
        answer: Answerer,
        *,
        recorded_by: str,
        cpu_seconds: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._spec = spec
        self._limits = spec.limits
        self._answer = answer
        self._recorded_by = spec.journal.recorded_by or recorded_by
        self._cpu_seconds = cpu_seconds
        self._replay = Replay(spec.journal)
        self._journal_bytes = sum(
            _size_of(entry.call) + (_size_of(entry.answer) if entry.answer else 0) for entry in spec.journal.entries
        )
        self._made = 0
        self._live: dict[int, asyncio.Task[Answer]] = {}
        self._transcript = Transcript(self._limits.stdout_bytes)
        self._started = time.monotonic()

    def opening(self) -> bytes:
        """The first message for the guest: the code, its tools, clock, dice and limits."""
        signatures = self._spec.signatures
        tools = [
            {"name": tool, "parameters": parameters_of(signatures[tool], tool) if tool in signatures else None}
            for tool in self._spec.tools
        ]
        opening = {
            "code": self._spec.code,
            "tools": tools,
            "seed": self._spec.journal.seed,
            "started_at": _nanoseconds(self._spec.journal.started_at),
            "stdout_bytes": self._limits.stdout_bytes,
            "result_bytes": self._limits.result_bytes,
            "argument_bytes": self._limits.argument_bytes,
        }
        return json.dumps(opening).encode()

    def printed(self, data: bytes) -> None:
        """Take a piece of output."""
        self._transcript.add(data)

    async def hear(self, data: bytes) -> bytes | BlockOutcome:
        """Take a message of the guest; returns the reply for it, or the outcome of the run.

        Raises what the answerer raised.
        """
        try:
            large = len(data) > apart.LARGE
            # One too many is enough to know.
            most_calls = self._limits.calls - self._made + 1
            message = await apart.run(large, lambda: messages.read(data, most_calls=most_calls))
            self._transcript.keep_back(*(message.kept_back or (0, "")))
            if message.op == "calls":
                calls = [
                    await apart.run(large, partial(apart.checked_call, call, self._limits)) for call in message.calls
                ]
                for call in calls:
                    self._take(call, withdrawn=call.number in message.withdrawn)
                for number in message.withdrawn:
                    self._withdraw(number)
                reply = await self._next_batch()
                self._transcript.goes_on()
                return reply
            self._check_nothing_is_left_out()
            if waited_for := self._replay.not_waited_for():
                self._diverge(waited_for, None)
            result = await apart.run(large, lambda: apart.checked(message.result, self._limits.result_bytes))
            return self._end(message, result)
        except messages.Malformed as malformed:
            return self._tampered(str(malformed))
        except _Ended as ended:
            # Of a message that is refused, the calls before the bad one have not been begun yet.
            self._stop()
            return ended.outcome

    def failed(self, error: str, message: str, *, traceback: str = "", limit: LimitName | None = None) -> BlockFailed:
        """The outcome of a run that the backend ended."""
        return BlockFailed(
            error=error,
            message=message,
            traceback=traceback,
            limit=limit,
            **self._ending(),
        )

    def over_limit(self, limit: LimitName) -> BlockFailed:
        """The outcome of a run that went beyond one of its limits."""
        value = getattr(self._limits, limit)
        return self.failed("LimitExceeded", f"the block went beyond its limit {limit}={value:,}", limit=limit)

    async def close(self) -> None:
        """Stop the calls that still run; their answers are nobody's any more, and a tool that stays is left behind."""
        self._stop()
        if self._live:
            done, _ = await asyncio.wait(self._live.values(), timeout=_STOP_SECONDS)
            await asyncio.gather(*done, return_exceptions=True)

    def _stop(self) -> None:
        for task in self._live.values():
            task.cancel()

    def _violation(self, what: str) -> NoReturn:
        raise _Ended(self._tampered(what))

    def _tampered(self, what: str) -> BlockFailed:
        return self.failed("SandboxViolation", f"the block tampered with its sandbox, which sent {what}")

    # Calls coming in

    def _take(self, call: Call, *, withdrawn: bool) -> None:
        if call.number != self._made + 1:
            self._violation(f"call {call.number} after call {self._made}")
        if call.number > self._limits.calls:
            raise _Ended(self.over_limit("calls"))
        if call.number <= self._replay.recorded:
            entry = self._replay.entry(call.number)
            if not entry.records(call):
                self._diverge(entry.call, call)
        elif not self._replay.shows_news:
            # It waited before it made this call, and has nothing yet that it waited for.
            self._diverge(None, call)
        else:
            self._ask(call, withdrawn=withdrawn)
        self._made = call.number

    def _withdraw(self, number: int) -> None:
        if number > self._made:
            self._violation(f"a withdrawal of call {number}, which it has not made")
        self._replay.withdraw(number)

    def _ask(self, call: Call, *, withdrawn: bool) -> None:
        self._keep(_size_of(call))
        now = datetime.now(UTC)
        self._replay.ask(call, now)
        if withdrawn:
            return
        if call.tool in self._spec.tools:
            self._live[call.number] = asyncio.create_task(self._live_answer(call))
        else:
            refusal = RefusedAnswer(reason=f"{call.tool!r} is not among the tools that this block may call")
            self._replay.settle(call.number, refusal, now)

    async def _live_answer(self, call: Call) -> Answer:
        answer = await self._answer(call)
        if isinstance(answer, FailedAnswer):
            return FailedAnswer(type=answer.type[:_TYPE_MAX], message=answer.message[:_MESSAGE_MAX])
        if not isinstance(answer, ValueAnswer):
            return answer
        try:
            return await apart.plain_answer(answer.value, self._limits.answer_bytes, f"the answer of {call.tool}")
        except (TypeError, ValueError) as error:
            return FailedAnswer(type=type(error).__name__, message=f"{error} (limit answer_bytes)")

    # Answers going out

    async def _next_batch(self) -> bytes:
        while True:
            if recorded := self._replay.next_recorded():
                return self._deliver(recorded)
            self._check_nothing_is_left_out()
            if ready := self._replay.take_ready():
                return self._deliver(ready)
            if not self._live:
                self._suspend()
            await self._settle_live()

    def _deliver(self, numbers: Sequence[int]) -> bytes:
        if unmade := [number for number in numbers if number > self._made]:
            self._diverge(self._replay.entry(unmade[0]).call, None)
        answers: list[dict[str, Any]] = []
        moments: list[datetime] = []
        for entry in self._replay.deliver(numbers):
            assert entry.answer is not None and entry.answered_at is not None  # noqa: S101, PT018 - it was checked
            answers.append({"number": entry.number, **entry.answer.model_dump()})
            moments.append(entry.answered_at)
        reply = {"now": _nanoseconds(max(moments)), "answers": answers}
        return json.dumps(reply, ensure_ascii=False).encode()

    async def _settle_live(self) -> None:
        done, _ = await asyncio.wait(self._live.values(), return_when=asyncio.FIRST_COMPLETED)
        now = datetime.now(UTC)
        for number in [number for number, task in self._live.items() if task in done]:
            answer = self._live.pop(number).result()
            if not isinstance(answer, PendingAnswer):
                self._keep(_size_of(answer))
                self._replay.settle(number, answer, now)

    def _keep(self, size: int) -> None:
        self._journal_bytes += size
        if self._journal_bytes > self._limits.journal_bytes:
            raise _Ended(self.over_limit("journal_bytes"))

    def _suspend(self) -> NoReturn:
        journal = self._journal()
        if not journal.pending:
            self._violation("a wait for no call")
        if journal.suspensions >= self._limits.suspensions:
            raise _Ended(self.over_limit("suspensions"))
        ending = self._ending()
        ending["journal"] = journal.model_copy(update={"suspensions": journal.suspensions + 1})
        raise _Ended(BlockSuspended(pending=journal.pending, **ending))

    # The end

    def _end(self, message: messages.Message, result: JsonValue) -> BlockOutcome:
        if message.op in ("done", "finish"):
            return BlockCompleted(result=result, finished=message.op == "finish", **self._ending())
        if message.op == "failed":
            return self.failed(
                message.error or "Exception",
                message.message,
                traceback=message.traceback,
                limit=message.limit if message.limit in _LIMITS else None,  # type: ignore[arg-type]
            )
        return self._violation(f"the operation {message.op[:40]!r}")

    def _check_nothing_is_left_out(self) -> None:
        if left_out := self._replay.left_out(self._made):
            self._diverge(left_out, None)

    def _diverge(self, expected: Call | None, got: Call | None) -> NoReturn:
        wanted = f"call {expected.number} of {expected.tool}" if expected else "no further call"
        made = f"call {got.number} of {got.tool}" if got else "none"
        same_tool = expected is not None and got is not None and expected.tool == got.tool
        difference = " with other arguments" if same_tool else ""
        message = (
            f"on replay the journal records {wanted}, but the block made {made}{difference}; nothing was run. "
            "Results may depend on the order of a set or on an object's address: sort sets."
        )
        ending = self._ending()
        ending["journal"] = self._spec.journal
        raise _Ended(BlockDiverged(expected=expected, got=got, message=message, **ending))

    def _journal(self) -> Journal:
        return self._spec.journal.model_copy(update={"entries": self._replay.entries, "recorded_by": self._recorded_by})

    def _ending(self) -> dict[str, Any]:
        usage = BlockUsage(
            wall_seconds=round(time.monotonic() - self._started, 6),
            cpu_seconds=self._cpu_seconds(),
            calls=self._made,
            replayed=min(self._made, self._replay.recorded),
        )
        return {
            "stdout": self._transcript.text,
            "stdout_truncated": self._transcript.truncated,
            "journal": self._journal(),
            "usage": usage,
        }


def _size_of(content: BaseModel) -> int:
    """Bytes as JSON: of calls and answers, which are what makes a journal large."""
    return len(content.model_dump_json().encode("utf-8", "replace"))


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
