"""Taking back: a session that is cancelled, one call of it, or the whole workflow by force."""

import asyncio
from collections import Counter

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError

from seconder import names
from seconder.contracts.session import CancelCall
from seconder.testing.model import code, function_call, text
from tests.integration.evidence import History
from tests.integration.stage import PATIENCE, Session, Stage


async def _ends_cancelled(session: Session) -> None:
    with pytest.raises(WorkflowFailureError) as raised:
        await session.result()
    assert isinstance(raised.value.cause, CancelledError)
    assert (await session.state()).status == "cancelled"


async def test_a_session_cancelled_while_people_are_asked_takes_its_requests_back(stage: Stage) -> None:
    """The approvals end as *cancelled*, which is no denial; the notice says so and its buttons are gone."""
    session = await stage.start(
        [function_call("pay", {"customer": 7, "cents": 100}), code("look_up(customer=7)", "Look.")], [text("Done.")]
    )
    await session.notice(1)
    await session.notice(2)
    await session.handle.cancel()
    await _ends_cancelled(session)

    for number in (1, 2):
        outcome = await session.approval(number).result()
        assert [decision.kind for decision in outcome.decisions] == ["cancelled"]
        notice = await session.notice(number, showing="Cancelled")
        assert [element["action_id"] for element in notice.elements] == [names.ACTION_DETAILS]
    assert {receipt.outcome for receipt in (await session.state()).receipts} == {"not_run"}
    assert (await session.history()).scheduled == Counter(load_agent=1, ask_model=1, check_calls=1)


async def test_a_side_effect_that_runs_is_seen_to_its_end(stage: Stage) -> None:
    """A cancelled session waits for what it began, keeps its receipt, and begins nothing more."""
    session = await stage.start(
        [function_call("call_for", {"customer": 7}), function_call("pay", {"customer": 7, "cents": 100})],
        [text("Done.")],
    )
    await session.approve(call=0)
    seen = await stage.witness.wait_for(session.session_id, "call_for")
    await session.handle.cancel()
    await session.notice(showing="Cancelled")
    stage.witness.release(seen)
    await _ends_cancelled(session)

    receipts = {receipt.tool: receipt for receipt in (await session.state()).receipts}
    assert (receipts["call_for"].outcome, receipts["call_for"].decision.kind) == ("succeeded", "approved")
    assert (receipts["pay"].outcome, receipts["pay"].decision.kind) == ("not_run", "cancelled")
    assert (await session.history()).tools == {"call_for": 1}
    await session.notice(showing="Succeeded")


async def test_a_block_that_runs_is_stopped(stage: Stage) -> None:
    """Reads have no effect to lose: a cancelled session kills their sandbox at once."""
    session = await stage.start([code("listen(customer=7)", "Listen.")], [text("Done.")])
    await session.approve()
    await stage.witness.wait_for(session.session_id, "listen")
    await session.handle.cancel()
    await _ends_cancelled(session)
    history = await session.history()
    ended = [event for event in history.events if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED]
    assert len(ended) == 1


async def test_one_call_can_be_taken_back(stage: Stage) -> None:
    """`cancel_call` ends the wait for one call, and the model learns that nobody said no."""
    session = await stage.start(
        [function_call("pay", {"customer": customer, "cents": 100}) for customer in (1, 2)], [text("Done.")]
    )
    request = await session.request()
    taken_back = CancelCall(call_id=request.calls[0].call_id, reason="A double.")
    await session.handle.signal(names.SIGNAL_CANCEL_CALL, taken_back)
    await session.notice(showing="Cancelled")
    await session.approve(call=1)
    result = await session.result()

    assert [told["status"] for told in session.told()] == ["cancelled", "succeeded"]
    assert session.told()[0]["reason"] == "A double."
    assert [receipt.outcome for receipt in result.receipts] == ["not_run", "succeeded"]
    assert (await session.history()).tools == {"pay": 1}


async def test_a_session_that_is_terminated_leaves_no_live_buttons(stage: Stage) -> None:
    """Terminating a workflow runs no line of it; its approval still ends and says so."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.notice()
    await session.handle.terminate("by force")
    async with asyncio.timeout(PATIENCE):
        await session.approval().result()
    await session.notice(showing="Cancelled")
    assert (await session.handle.describe()).status == WorkflowExecutionStatus.TERMINATED


async def test_an_approval_that_is_terminated_means_no(stage: Stage) -> None:
    """Whatever ends an approval other than a decision, the call does not run."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.notice()
    await session.approval().terminate("by force")
    result = await session.result()
    assert session.told()[0]["status"] == "cancelled"
    assert [receipt.outcome for receipt in result.receipts] == ["not_run"]
    assert not (await session.history()).tools
    assert (await History.fetch(stage.client, session.approval().id)).closed
