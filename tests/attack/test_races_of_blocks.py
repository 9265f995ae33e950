"""A block that waits, and what else may happen at that moment: the session ends in order, and nothing runs twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowFailureError

from seconder import names
from seconder.testing.model import code, text
from tests.integration.conftest import QUICK_RESTARTS, dev_server, judge
from tests.integration.stage import ANNA, Session, Stage, open_stage

PAY = code("pay(customer=7, cents=100)['paid']", "Pay.")


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Stage]:
    """A stage on which engine and code worker come and go."""
    async with (
        await dev_server(*QUICK_RESTARTS) as temporal,
        open_stage(temporal.client, processes=("tools", "gateway"), patience=30) as stage,
    ):
        yield stage


@pytest.fixture
async def stage(shared: Stage) -> AsyncIterator[Stage]:
    """The stage; after the test, the histories of its sessions are judged."""
    shared.sessions.clear()
    yield shared
    await judge(shared)


async def _until_finished(session: Session, activity: str, times: int = 1) -> None:
    """Wait until this activity has come to its end so many times, whether anybody heard of it or not."""
    of_type: set[int] = set()
    left = times

    def finished(event: HistoryEvent) -> bool:
        nonlocal left
        if event.activity_task_scheduled_event_attributes.activity_type.name == activity:
            of_type.add(event.event_id)
        left -= event.activity_task_completed_event_attributes.scheduled_event_id in of_type
        return left == 0

    await session.until(finished)


async def _cancelled(session: Session) -> None:
    with pytest.raises(WorkflowFailureError):
        await session.result()
    history = await session.history()
    assert history.events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED


@pytest.mark.parametrize("first", ["the cancellation", "the report"])
async def test_a_cancellation_meets_the_report_of_a_suspended_block(stage: Stage, first: str) -> None:
    """Both reach the engine in one workflow task: nobody is asked for the block's calls any more."""
    async with stage.process("engine"):
        session = await stage.start([PAY], [text("Never said.")])
        await session.approve(1)
        await session.scheduled(names.ACTIVITY_RUN_BLOCK)
    if first == "the cancellation":
        await session.handle.cancel()
    async with stage.process("code"):
        await _until_finished(session, names.ACTIVITY_RUN_BLOCK)
    if first == "the report":
        await session.handle.cancel()
    async with stage.process("engine"):
        await _cancelled(session)
    assert len((await session.history()).request_ids) == 1


async def test_the_end_of_a_sessions_time_meets_the_report_of_a_suspended_block(stage: Stage) -> None:
    """Nobody is asked for a call that could not run any more, and the session does not wait for an answer."""
    async with stage.process("engine"):
        limits = {"turns": 5, "tokens": 100_000, "wall_clock_seconds": 10}
        session = await stage.start([PAY], [text("Never said.")], limits=limits)
        await session.approve(1)
        await session.scheduled(names.ACTIVITY_RUN_BLOCK)
    async with stage.process("code"):
        await _until_finished(session, names.ACTIVITY_RUN_BLOCK)
    await session.until(lambda event: event.event_type == EventType.EVENT_TYPE_TIMER_FIRED)
    async with stage.process("engine"):
        assert (await session.result()).status == "limit_reached"
    assert len((await session.history()).request_ids) == 1


@pytest.mark.parametrize("verdict", ["approve", "deny"])
async def test_a_review_and_a_cancellation_at_once(stage: Stage, verdict: str) -> None:
    """The session ends; the call runs at most once, and the block is not resumed."""
    async with stage.process("code"):
        async with stage.process("engine"):
            session = await stage.start([PAY], [text("Never said.")])
            await session.approve(1)
            request = await session.request(2)
        await session.approval(2).signal(names.SIGNAL_REVIEW, _review(request.request_id, request.calls, verdict))
        await session.handle.cancel()
        async with stage.process("engine"):
            await _cancelled(session)
    history = await session.history()
    assert history.scheduled[names.ACTIVITY_RUN_BLOCK] == 1
    assert len(stage.witness.of(session.session_id)) == history.tools["pay"]


async def test_a_cancellation_meets_the_end_of_the_last_call(stage: Stage) -> None:
    """What the call did stands in the receipts; the block is not resumed."""
    async with stage.process("code"):
        async with stage.process("engine"):
            session = await stage.start([code("call_for(customer=7)", "Call.")], [text("Never said.")])
            await session.approve(1)
            await session.approve(2)
            seen = await stage.witness.wait_for(session.session_id, "call_for")
        stage.witness.release(seen)
        await _until_finished(session, "call_for")
        await session.handle.cancel()
        async with stage.process("engine"):
            await _cancelled(session)
            assert [receipt.outcome for receipt in (await session.state()).receipts] == ["succeeded", "failed"]
    assert (await session.history()).scheduled[names.ACTIVITY_RUN_BLOCK] == 1


async def test_a_cancellation_meets_the_end_of_a_resumed_block(stage: Stage) -> None:
    """It was finished before it could be stopped: the session ends all the same, and paid once."""
    async with stage.process("engine"):
        async with stage.process("code"):
            session = await stage.start([PAY], [text("Never said.")])
            await session.approve(1)
            await session.notice(2)
        await session.approve(2)
        await session.scheduled(names.ACTIVITY_RUN_BLOCK, 2)
    async with stage.process("code"):
        await _until_finished(session, names.ACTIVITY_RUN_BLOCK, 2)
    await session.handle.cancel()
    async with stage.process("engine"):
        await _cancelled(session)
    assert len(stage.witness.of(session.session_id)) == 1


async def test_the_time_of_a_session_ends_while_its_block_waits(stage: Stage) -> None:
    """It takes the calls back, and says which limit it was."""
    async with stage.process("code"), stage.process("engine"):
        limits = {"turns": 5, "tokens": 100_000, "wall_clock_seconds": 8}
        session = await stage.start([PAY], [text("Never said.")], limits=limits)
        await session.approve(1)
        await session.notice(2, showing="Cancelled")
        result = await session.result()
    assert result.status == "limit_reached"
    assert [(receipt.tool, receipt.outcome) for receipt in result.receipts] == [
        ("pay", "not_run"),
        ("execute_code", "failed"),
    ]


def _review(request_id: str, calls: Any, verdict: str) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "digests": [call.digest for call in calls],
        "verdict": verdict,
        "reviewer": {"user_id": ANNA.id},
        "at": datetime.now(UTC).isoformat(),
    }
