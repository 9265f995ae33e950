"""Late clicks, two people, and calls that were decided meanwhile, with the real workflow and the real notices."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from approvals.denial import REASON_BLOCK
from seconder.contracts.approvals import ApprovalResult
from seconder.names import ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS
from tests.slack.gateway_desk import ALAN, ANNA, OTTO, Case, Desk, open_desk


@pytest.fixture(scope="module")
async def desk(temporal: WorkflowEnvironment) -> AsyncIterator[Desk]:
    async with open_desk(temporal.client) as running:
        yield running


async def _last_word(desk: Desk, case: Case, action_id: str = ACTION_APPROVE) -> str:
    """What Alan is told after a click."""
    told = len(desk.told(ALAN))
    assert (await desk.click(case, ALAN, action_id)).acked
    await desk.slack.wait_until(lambda: len(desk.told(ALAN)) > told)
    return desk.told(ALAN)[-1]


async def _deny(desk: Desk, case: Case) -> None:
    view = await desk.denial(case, ANNA)
    await desk.slack.submit_view(ANNA.id, view.id, {REASON_BLOCK: "No."})


@pytest.mark.parametrize("action_id", [ACTION_APPROVE, ACTION_DENY])
async def test_a_late_click_hears_who_approved_and_when(desk: Desk, action_id: str) -> None:
    """After a decision a click changes nothing and names the decision that stands."""
    case = await desk.request()
    await desk.click(case, ANNA)
    async with desk.worker():
        result: ApprovalResult = await case.handle.result()
    at = f"{result.decisions[0].at:%Y-%m-%d %H:%M:%S} UTC"
    assert await _last_word(desk, case, action_id) == (
        f"Nothing was recorded: this call was already approved by <@U0ANNA> at {at}."
    )
    assert len(await desk.reviews(case)) == 1


async def test_a_late_click_hears_who_denied(desk: Desk) -> None:
    """A denial stands, too."""
    case = await desk.request()
    await _deny(desk, case)
    async with desk.worker():
        await case.handle.result()
    assert "already denied by <@U0ANNA>" in await _last_word(desk, case)


async def test_a_late_click_hears_that_the_request_expired(desk: Desk) -> None:
    """Expiry is never called a denial, whether or not a worker has noticed it yet."""
    case = await desk.request(open_for=timedelta(0))
    expected = "Nothing was recorded: the request expired at "
    assert (await _last_word(desk, case)).startswith(expected)
    async with desk.worker():
        result: ApprovalResult = await case.handle.result()
    assert result.decisions[0].kind == "expired"
    word = await _last_word(desk, case)
    assert "this call expired at" in word
    assert "Nobody said no" in word


async def test_a_late_click_hears_that_the_request_was_cancelled(desk: Desk) -> None:
    """A session that ended needs no decision any more."""
    case = await desk.request()
    async with desk.worker():
        await case.handle.cancel()
        await case.handle.result()
    assert "this call was cancelled at" in await _last_word(desk, case)


async def test_a_click_on_a_request_that_was_torn_down_hears_so(desk: Desk) -> None:
    """A request that Temporal's operators ended leaves no decision, and that is said."""
    case = await desk.request()
    await case.handle.terminate()
    assert "the request was stopped together with its session" in await _last_word(desk, case)


async def test_a_stranger_who_comes_late_is_a_stranger(desk: Desk) -> None:
    """Somebody who may not decide is told that, whatever was decided."""
    case = await desk.request()
    await desk.click(case, ANNA)
    async with desk.worker():
        await case.handle.result()
    told = len(desk.told(OTTO))
    await desk.click(case, OTTO)
    await desk.slack.wait_until(lambda: len(desk.told(OTTO)) > told)
    assert "not a reviewer" in desk.told(OTTO)[-1]


async def test_a_denial_that_comes_too_late_is_answered_in_its_modal(desk: Desk) -> None:
    """Who wrote a reason while somebody else decided reads so under the field."""
    case = await desk.request()
    view = await desk.denial(case, ALAN)
    await desk.click(case, ANNA)
    async with desk.worker():
        await case.handle.result()
    delivery = await desk.slack.submit_view(ALAN.id, view.id, {REASON_BLOCK: "No."})
    assert "already approved by <@U0ANNA>" in delivery.errors[REASON_BLOCK]
    assert len(await desk.reviews(case)) == 1
    await desk.slack.close_view(ALAN.id, view.id)


async def test_details_of_a_closed_request_show_the_decision(desk: Desk) -> None:
    """Afterwards anyone can read who decided and why."""
    case = await desk.request()
    await _deny(desk, case)
    async with desk.worker():
        await case.handle.result()
    await desk.click(case, OTTO, ACTION_DETAILS)
    view = await desk.slack.wait_for_view(OTTO.id)
    assert "Denied at" in view.all_text
    assert "No." in view.all_text


async def test_of_two_people_at_once_one_decides_and_the_other_is_told(desk: Desk) -> None:
    """Two reviewers click at the same moment while no worker runs: one decision, and the slower one hears of it."""
    case = await desk.request()
    told = {user.id: len(desk.told(user)) for user in (ANNA, ALAN)}
    await asyncio.gather(desk.click(case, ANNA), desk.click(case, ALAN))
    first, second = [review.reviewer.user_id for review in await desk.reviews(case)]
    slower = ANNA if second == ANNA.id else ALAN
    async with desk.worker():
        result: ApprovalResult = await case.handle.result()
        await desk.slack.wait_until(lambda: len(desk.told(slower)) > told[second])
    [decision] = result.decisions
    assert [review.reviewer.user_id for review in decision.reviews] == [first]
    assert f"already approved by <@{first}>" in desk.told(slower)[-1]


async def test_the_same_person_twice_is_one_decision_and_no_complaint(desk: Desk) -> None:
    """A double click decides once, and nobody is told that something went wrong."""
    case = await desk.request()
    told = desk.told(ANNA)
    await desk.click(case, ANNA)
    await desk.click(case, ANNA)
    async with desk.worker():
        result: ApprovalResult = await case.handle.result()
    assert (await desk.click(case, ANNA)).acked
    assert len(result.decisions[0].reviews) == 1
    assert desk.told(ANNA) == told


async def test_calls_of_one_notice_are_decided_by_whoever_clicks(desk: Desk) -> None:
    """Each call has its own decision; the notice shows the ones that fell and keeps the buttons of the rest."""
    case = await desk.request(calls=2)
    async with desk.worker():
        await desk.posted(case)
        await desk.click(case, ANNA, call=0)
        notice = await desk.slack.wait_for_message(
            lambda message: case.pointer() in str(message.blocks) and "1 of 2 decided" in message.all_text
        )
        assert [element["block_id"] for element in notice.elements if element["action_id"] == ACTION_APPROVE] == [
            "seconder.actions.2"
        ]
        await desk.click(case, ALAN, call=1)
        result: ApprovalResult = await case.handle.result()
    assert [decision.reviews[0].reviewer.user_id for decision in result.decisions] == [ANNA.id, ALAN.id]
