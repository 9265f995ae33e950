"""Nobody decides in time: a state of its own, and never called a denial."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from seconder import names
from seconder.testing.model import code, function_call, text
from tests.integration.conftest import dev_server, judge, skipping_server
from tests.integration.evidence import History
from tests.integration.stage import ALAN, Process, Stage, open_stage

DAY = 24 * 3600.0


@pytest.fixture(scope="module")
async def days() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which a day passes in a moment, whenever a test waits for a result."""
    async with skipping_server() as environment:
        yield environment


@pytest.fixture(scope="module")
async def patient_stage(days: WorkflowEnvironment) -> AsyncIterator[Stage]:
    """A stage on it, where requests stay open for a day."""
    async with open_stage(days.client, expires_after=DAY) as stage:
        yield stage


@pytest.fixture
async def stage(patient_stage: Stage) -> AsyncIterator[Stage]:
    """The same, judged after the test."""
    patient_stage.sessions.clear()
    yield patient_stage
    await judge(patient_stage)


async def test_a_call_that_nobody_decides_expires(stage: Stage, days: WorkflowEnvironment) -> None:
    """A day later the model is told that nobody decided, nothing ran, and the notice has no buttons left."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Nobody decided.")])
    request = await session.request()
    assert request.expires_at - request.created_at == timedelta(seconds=DAY)
    result = await session.result()

    assert await days.get_current_time() >= request.expires_at
    [told] = session.told()
    assert told["status"] == "expired"
    assert "denied" not in str(told).lower()
    [receipt] = result.receipts
    assert (receipt.decision.kind, receipt.outcome, receipt.decision.reviews) == ("expired", "not_run", ())
    assert (await session.history()).scheduled == Counter(load_agent=1, ask_model=2, check_calls=1)
    notice = await session.notice(showing="Expired")
    assert "Denied" not in notice.all_text
    assert [element["action_id"] for element in notice.elements] == [names.ACTION_DETAILS]


async def test_what_was_approved_in_time_ran_although_its_neighbour_expired(stage: Stage) -> None:
    """Each call of a notice has a fate of its own."""
    session = await stage.start(
        [function_call("pay", {"customer": customer, "cents": 100}) for customer in (1, 2)], [text("Done.")]
    )
    await session.approve(call=1)
    await stage.witness.wait_for(session.session_id, "pay")
    result = await session.result()
    assert [told["status"] for told in session.told()] == ["expired", "succeeded"]
    assert {receipt.decision.kind: receipt.outcome for receipt in result.receipts} == {
        "expired": "not_run",
        "approved": "succeeded",
    }
    assert (await session.history()).tools == {"pay": 1}


async def test_a_block_expires_too(stage: Stage) -> None:
    """Code that nobody approved never reaches a sandbox."""
    session = await stage.start([code("look_into(customer=7)", "")], [text("Done.")])
    result = await session.result()
    assert session.told()[0]["status"] == "expired"
    assert [receipt.decision.kind for receipt in result.receipts] == ["expired"]
    assert "run_block" not in (await session.history()).scheduled


async def test_a_session_may_wait_for_days_on_end(stage: Stage, days: WorkflowEnvironment) -> None:
    """Six requests in a row expire, a day each; the session's own limit then ends it while the seventh waits."""
    asking = [function_call("pay", {"customer": 7, "cents": 100})]
    limit = timedelta(days=6, hours=12)
    session = await stage.start(*[asking] * 8, limits={"wall_clock_seconds": limit.total_seconds()})
    began = await days.get_current_time()
    result = await session.result()
    assert result.status == "limit_reached"
    assert await days.get_current_time() - began >= limit
    *waited, last = [receipt.decision.kind for receipt in result.receipts]
    assert waited == ["expired"] * 6
    # The server may skip the last half day while the session is still taking its request back.
    assert last in ("cancelled", "expired")
    assert not (await session.history()).tools


async def test_a_click_in_time_counts_although_it_is_read_late() -> None:
    """The engine is down, a person approves, the time runs out, the engine comes back: the person's word stands."""
    async with (
        await dev_server() as temporal,
        open_stage(temporal.client, processes=("tools", "gateway"), expires_after=8) as stage,
    ):
        session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
        async with stage.process("engine"):
            await session.notice()
        await session.approve()
        approval = session.approval()
        async for event in approval.fetch_history_events(wait_new_event=True):
            if event.HasField("timer_fired_event_attributes"):
                break
        async with stage.process("engine"):
            result = await session.result()
        assert [receipt.outcome for receipt in result.receipts] == ["succeeded"]
        assert (await session.history()).tools == {"pay": 1}
        await judge(stage)


async def test_a_click_after_the_expiry_is_answered_and_changes_nothing() -> None:
    """Whoever clicks an old button reads that it is too late."""
    async with (
        await dev_server() as temporal,
        open_stage(temporal.client, processes=("engine", "tools", "gateway"), expires_after=1) as stage,
    ):
        session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
        stage.slack.faults.http_error("chat.update", times=None)
        call = await session.waiting()
        await session.until(lambda event: event.HasField("child_workflow_execution_completed_event_attributes"))
        await stage.slack.click(
            ALAN.id,
            message_ts=call.message.ts,
            channel=call.message.channel,
            action_id=names.ACTION_APPROVE,
            block_id=call.block_of(names.ACTION_APPROVE),
        )
        answer = await stage.slack.wait_for_ephemeral(ALAN.id)
        assert "expired" in answer.all_text.lower()
        stage.slack.faults.clear()
        assert [receipt.decision.kind for receipt in (await session.result()).receipts] == ["expired"]
        assert not (await History.fetch(stage.client, session.approval().id)).reviews
        await judge(stage)


async def test_a_block_goes_on_after_thirty_days_in_another_worker() -> None:
    """While it waits no process holds anything of it; its clock then says that a month has passed."""
    program = (
        "from datetime import datetime, timezone\n"
        "before = datetime.now(timezone.utc)\n"
        "paid = pay(customer=7, cents=100)['paid']\n"
        "[paid, (datetime.now(timezone.utc) - before).days]"
    )
    processes: list[Process] = ["engine", "tools", "gateway"]
    async with (
        skipping_server() as days,
        open_stage(days.client, processes=processes, expires_after=40 * DAY) as stage,
    ):
        session = await stage.start([code(program, "Pay.")], [text("Done.")], limits={"wall_clock_seconds": 60 * DAY})
        async with stage.process("code"):
            await session.approve(1)
            await session.notice(2)
        await days.sleep(timedelta(days=30))
        await session.approve(2)
        async with stage.process("code"):
            await session.result()
        assert session.told()[0]["result"] == [100, 30]
        assert (await session.history()).tools == {"pay": 1}
        await judge(stage)


async def test_a_block_sees_an_expiry_as_a_time_out(stage: Stage) -> None:
    """It can catch that, and nobody is said to have denied anything."""
    program = "try:\n    pay(customer=7, cents=100)\nexcept TimeoutError as late:\n    print(type(late).__name__, late)"
    session = await stage.start([code(program, "Pay.")], [text("Done.")])
    await session.approve(1)
    await session.result()
    [told] = session.told()
    assert told["stdout"].startswith("TimeoutError ")
    assert "denied" not in told["stdout"]
    assert not (await session.history()).tools
