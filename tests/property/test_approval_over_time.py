"""Whatever happens to time, to the session and to the engine: what was approved in time runs once, and nothing else.

Requests really expire, after a moment; the engine really stops and starts again, with clicks arriving while it is away.
What should come of it is read out of the history of the approval, by a reader that shares no code with the workflow.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Final, Literal, Self

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from seconder import names
from seconder.contracts.approvals import ApprovalRequest
from seconder.testing.model import function_call, text
from tests.integration.conftest import QUICK_RESTARTS, dev_server
from tests.integration.evidence import History, complaints, content_of
from tests.integration.stage import ALAN, ANNA, OTTO, Session, Stage, open_stage

CALLS: Final = 2
OPEN_FOR: Final = 1.5


@dataclass(frozen=True)
class Vote:
    """Somebody's verdict on one call, clicked before the request expired, whenever it arrives."""

    by: str
    verdict: Literal["approve", "deny"]
    place: int


Move = Vote | Literal["time runs out", "the engine stops", "the engine starts", "the session is cancelled"]
votes: st.SearchStrategy[Move] = st.builds(
    Vote,
    by=st.sampled_from([ANNA.id, ALAN.id, OTTO.id]),
    verdict=st.sampled_from(["approve", "approve", "deny"]),
    place=st.integers(0, CALLS - 1),
)
events: st.SearchStrategy[Move] = st.sampled_from(
    ["time runs out", "the engine stops", "the engine starts", "the session is cancelled"]
)
moves: st.SearchStrategy[list[Move]] = st.lists(votes | votes | events, max_size=6)


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    """All but the engine, which each play starts and stops for itself."""
    async with (
        await dev_server(*QUICK_RESTARTS) as temporal,
        open_stage(temporal.client, processes=["tools"], expires_after=OPEN_FOR) as opened,
    ):
        yield opened


@dataclass
class Play:
    """One session, and what is done to it."""

    session: Session
    request: ApprovalRequest
    engine: AsyncExitStack
    engine_runs: bool = True

    @classmethod
    async def begin(cls, stage: Stage) -> Self:
        """Start the engine and a session, up to its notice."""
        engine = AsyncExitStack()
        await engine.enter_async_context(stage.process("engine"))
        asking = [function_call("pay", {"customer": place, "cents": 100}) for place in range(CALLS)]
        session = await stage.start(asking, [text("Done.")])
        await session.notice()
        opened = await History.fetch(stage.client, session.approval().id)
        return cls(session, ApprovalRequest.model_validate(opened.input), engine)

    async def make(self, move: Move) -> None:
        """Do it."""
        match move:
            case Vote():
                await self._signal(names.SIGNAL_REVIEW, _review(self.request, move))
            case "the engine stops":
                self.engine_runs = False
                await self.engine.aclose()
            case "the engine starts":
                if not self.engine_runs:
                    self.engine_runs = True
                    await self.engine.enter_async_context(self.session.stage.process("engine"))
            case "the session is cancelled":
                await _if_open(self.session.handle.cancel())
            case "time runs out":
                async for event in self.session.approval().fetch_history_events(wait_new_event=True):
                    if event.HasField("timer_fired_event_attributes"):
                        break

    async def end(self) -> None:
        """Take back whatever is still open, and wait until the session has ended."""
        await self.make("the engine starts")
        for call in self.request.calls:
            await self._signal(names.SIGNAL_CANCEL_CALL, {"call_id": call.call_id})
        with suppress(WorkflowFailureError):
            await self.session.result()

    async def _signal(self, name: str, content: object) -> None:
        await _if_open(self.session.approval().signal(name, content))


@settings(
    max_examples=12,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(script=moves)
@example(["the engine stops", Vote(ANNA.id, "approve", 0), "time runs out", Vote(ALAN.id, "approve", 1)])
@example([Vote(ANNA.id, "approve", 0), "time runs out", Vote(ANNA.id, "approve", 1)])
@example(["the engine stops", Vote(ANNA.id, "approve", 0), "the session is cancelled"])
async def test_neither_time_nor_restarts_run_what_was_not_approved(stage: Stage, script: list[Move]) -> None:
    """Clicks that come while no engine runs count; what expired or was cancelled never runs; nothing runs twice."""
    play = await Play.begin(stage)
    async with play.engine:
        for move in script:
            await play.make(move)
        await play.end()
        state = await play.session.state()
    history = await play.session.history()
    approval = await History.fetch(stage.client, play.request.request_id)

    kinds = {receipt.call_id: receipt.decision.kind for receipt in state.receipts}
    ran = Counter(seen.call_id for seen in stage.witness.of(play.session.session_id))
    assert ran == Counter(approved.call.call_id for _, approved in history.side_effects)
    cancelled = "the session is cancelled" in script
    for call, expected in zip(play.request.calls, _expected(play.request, approval), strict=True):
        # A session that is being cancelled begins nothing more, not even what was approved before.
        assert kinds[call.call_id] in ({expected, "cancelled"} if cancelled else {expected})
        assert ran[call.call_id] == (kinds[call.call_id] == "approved")
    assert await complaints(stage.client, history) == []


def _expected(request: ApprovalRequest, approval: History) -> list[str]:
    """The first word on a call decides it; what is open when time runs out, or the session is cancelled, is over."""
    digests = [call.digest for call in request.calls]
    decided: dict[str, str] = {}
    for news in _as_the_workflow_heard_of_it(approval.events):
        for event in news:
            signal = event.workflow_execution_signaled_event_attributes
            content = content_of(signal.input)
            if signal.signal_name == names.SIGNAL_REVIEW and content["reviewer"]["user_id"] != OTTO.id:
                decided.setdefault(content["digests"][0], {"approve": "approved", "deny": "denied"}[content["verdict"]])
            elif signal.signal_name == names.SIGNAL_CANCEL_CALL:
                taken_back = next(call for call in request.calls if call.call_id == content["call_id"])
                decided.setdefault(taken_back.digest, "cancelled")
        if len(decided) == len(digests):
            break
        # Only after the signals of the same moment: a click that came in time counts, however late it is read.
        if any(event.HasField("workflow_execution_cancel_requested_event_attributes") for event in news):
            return [decided.get(digest, "cancelled") for digest in digests]
        if any(event.HasField("timer_fired_event_attributes") for event in news):
            return [decided.get(digest, "expired") for digest in digests]
    return [decided[digest] for digest in digests]


def _as_the_workflow_heard_of_it(happened: Sequence[HistoryEvent]) -> Iterator[list[HistoryEvent]]:
    """What each workflow task brought: everything since the one before, but what came while it was under way."""
    waiting: list[HistoryEvent] = []
    brought: list[HistoryEvent] = []
    for event in happened:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                brought, waiting = waiting, []
            case EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                yield brought
            case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED | EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
                waiting = brought + waiting
            case _:
                waiting.append(event)


async def _if_open(sending: Awaitable[None]) -> None:
    """Send what may come too late: then Temporal says that the workflow has ended."""
    try:
        await sending
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise


def _review(request: ApprovalRequest, vote: Vote) -> dict[str, object]:
    return {
        "request_id": request.request_id,
        "digests": [request.calls[vote.place].digest],
        "verdict": vote.verdict,
        "reason": "So be it.",
        "reviewer": {"user_id": vote.by},
        "at": request.created_at.isoformat(),
    }
