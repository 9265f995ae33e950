"""Clicks that arrive between the decision and the end of a request: while its notice is brought up to date."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from seconder.contracts.approvals import ApprovalResult
from seconder.contracts.calls import Review, Reviewer
from tests.slack.gateway_desk import ALAN, ANNA, Case, Desk, open_desk


@pytest.fixture
async def desk(temporal: WorkflowEnvironment) -> AsyncIterator[Desk]:
    async with open_desk(temporal.client) as running:
        yield running


async def _decided_while_slack_is_slow(desk: Desk) -> Case:
    """A request that Anna has approved, and whose notice does not show it yet."""
    case = await desk.request()
    await desk.posted(case)
    desk.slack.faults.delay("chat.update", seconds=2)
    await desk.click(case, ANNA)
    # Who may decide is asked of the approval itself here: it knows of the decision before anyone can see it.
    while not (await case.handle.query("state"))["decisions"]:
        pass
    return case


async def test_the_second_of_two_people_is_told_although_everything_is_decided(desk: Desk) -> None:
    """No click that came while a request was open stays without an answer."""
    async with desk.worker():
        case = await _decided_while_slack_is_slow(desk)
        await desk.click(case, ALAN)
        await case.handle.result()
        assert len(await desk.reviews(case)) == 2
        await desk.slack.wait_until(lambda: desk.told(ALAN))
    assert "already approved by <@U0ANNA>" in desk.told(ALAN)[0]


async def test_a_request_that_is_cancelled_after_its_decision_still_tells_it(desk: Desk) -> None:
    """What a person decided is not forgotten because the session stopped a moment later."""
    async with desk.worker():
        case = await _decided_while_slack_is_slow(desk)
        await case.handle.cancel()
        result: ApprovalResult = await case.handle.result()
    assert [decision.kind for decision in result.decisions] == ["approved"]
    assert not result.notice_is_current


async def test_signals_that_are_no_reviews_use_up_nobodys_answer(desk: Desk) -> None:
    """Whoever floods a request with rubbish cannot silence it towards people."""
    case = await desk.request()
    for _ in range(30):
        await case.handle.signal("review", {"rubbish": True})
    late = Review(
        request_id=case.request.request_id,
        digests=(case.request.calls[0].digest,),
        verdict="deny",
        reviewer=Reviewer(user_id=ALAN.id),
        at=case.request.created_at,
    )
    await desk.click(case, ANNA)
    await case.handle.signal("review", late)
    async with desk.worker():
        await case.handle.result()
        await desk.slack.wait_until(lambda: desk.told(ALAN))
    assert "already approved by <@U0ANNA>" in desk.told(ALAN)[0]
