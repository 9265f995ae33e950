"""Clicks over Socket Mode, without any worker running: what is recorded, and what people are told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from approvals.denial import CALLBACK, REASON_BLOCK, REASON_INPUT
from approvals.pointers import Pointer
from seconder import names
from seconder.contracts.approvals import ApprovalResult
from seconder.names import ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS, ACTION_NEXT_PAGE, ACTION_PREVIOUS_PAGE
from seconder.testing.slack import LocalUser
from tests.slack.gateway_desk import ALAN, ANNA, OTTO, RITA, Case, Desk, open_desk


@pytest.fixture(scope="module")
async def desk(temporal: WorkflowEnvironment) -> AsyncIterator[Desk]:
    async with open_desk(temporal.client) as running:
        yield running


@pytest.fixture(autouse=True)
def _healthy(desk: Desk) -> None:
    desk.slack.faults.clear()


async def test_an_approval_stands_in_history_when_slack_is_acked(desk: Desk) -> None:
    """A click is recorded with who, what and when before Slack hears of it, although no worker runs."""
    case = await desk.request(calls=2)
    delivery = await desk.click(case, ANNA, call=1)
    assert delivery.acked
    [review] = await desk.reviews(case)
    assert review.request_id == case.request.request_id
    assert review.digests == (case.request.calls[1].digest,)
    assert (review.verdict, review.reason, review.authority) == ("approve", "", "listed reviewer")
    assert (review.reviewer.user_id, review.reviewer.team_id) == (ANNA.id, "T0LOCAL")
    assert case.request.created_at <= review.at < case.request.expires_at


async def test_a_denial_is_recorded_with_its_reason(desk: Desk) -> None:
    """Deny asks why, and the reason is recorded."""
    case = await desk.request()
    view = await desk.denial(case, ALAN)
    assert "issue_refund: spends money" in view.all_text
    assert await desk.reviews(case) == []
    delivery = await desk.slack.submit_view(ALAN.id, view.id, {REASON_BLOCK: " Wrong order. "})
    assert delivery.acked
    assert desk.slack.views(ALAN.id) == []
    [review] = await desk.reviews(case)
    assert (review.verdict, review.reason, review.reviewer.user_id) == ("deny", "Wrong order.", ALAN.id)


async def test_a_blank_reason_is_refused_under_the_field(desk: Desk) -> None:
    """A denial without a reason is not recorded; the modal stays and says what is missing."""
    case = await desk.request()
    view = await desk.denial(case, ANNA)
    delivery = await desk.slack.submit_view(ANNA.id, view.id, {REASON_BLOCK: "  \n "})
    assert delivery.errors == {REASON_BLOCK: "Please say why: the agent is told the reason."}
    assert await desk.reviews(case) == []
    await desk.slack.close_view(ANNA.id, view.id)


@pytest.mark.parametrize("action_id", [ACTION_APPROVE, ACTION_DENY])
@pytest.mark.parametrize("user", [OTTO, RITA])
async def test_a_stranger_is_told_who_may_decide(desk: Desk, action_id: str, user: LocalUser) -> None:
    """Somebody who is no reviewer, the requester included, decides nothing and learns who may; others see nothing."""
    case = await desk.request()
    before = len(desk.told(user))
    assert (await desk.click(case, user, action_id)).acked
    await desk.slack.wait_until(lambda: len(desk.told(user)) > before)
    assert desk.told(user)[-1] == (
        "Nothing was recorded: you are not a reviewer of this request. These may decide: <@U0ANNA>, <@U0ALAN>."
    )
    assert await desk.reviews(case) == []
    assert desk.slack.views(user.id) == []


@pytest.mark.parametrize("reader", [OTTO, ANNA])
async def test_anyone_in_the_channel_can_read_the_details(desk: Desk, reader: LocalUser) -> None:
    """The details show the whole call to whoever sees the notice, and record nothing."""
    body = "".join(f"line {number}\n" for number in range(3000))
    case = await desk.request(body=body)
    await desk.click(case, reader, ACTION_DETAILS)
    view = await desk.slack.wait_for_view(reader.id)
    assert "line 2999" in view.all_text
    assert case.request.calls[0].digest in view.all_text
    assert await desk.reviews(case) == []
    await desk.slack.close_view(reader.id, view.id)


async def test_the_pages_of_details_can_be_turned(desk: Desk) -> None:
    """What one modal cannot hold is on further pages of it."""
    case = await desk.request(body="\u00ad" * 32_000)
    await desk.click(case, OTTO, ACTION_DETAILS)
    view = await desk.slack.wait_for_view(OTTO.id)
    assert "Page 1 of" in view.all_text
    assert (await desk.slack.click(OTTO.id, view_id=view.id, action_id=ACTION_NEXT_PAGE)).acked
    view = await desk.slack.wait_for_view(OTTO.id, lambda view: "Page 2 of" in view.all_text)
    await desk.slack.click(OTTO.id, view_id=view.id, action_id=ACTION_PREVIOUS_PAGE)
    view = await desk.slack.wait_for_view(OTTO.id, lambda view: "Page 1 of" in view.all_text)
    await desk.slack.close_view(OTTO.id, view.id)


async def test_many_clicks_at_once_are_all_recorded(desk: Desk) -> None:
    """Eight clicks that arrive together are eight reviews, each for its own call."""
    case = await desk.request(calls=8)
    deliveries = await asyncio.gather(*(desk.click(case, ANNA, call=number) for number in range(8)))
    assert all(delivery.acked for delivery in deliveries)
    reviews = await desk.reviews(case)
    assert {review.digests for review in reviews} == {(call.digest,) for call in case.request.calls}


@pytest.mark.parametrize("fresh", [True, False])
async def test_an_envelope_that_comes_twice_is_taken_twice_without_harm(desk: Desk, *, fresh: bool) -> None:
    """Slack may deliver a click again: it is acked again, and no one is told that something is wrong."""
    case = await desk.request()
    await desk.click(case, ANNA)
    told = desk.told(ANNA)
    assert (await desk.slack.redeliver(fresh=fresh)).acked
    assert {review.digests for review in await desk.reviews(case)} == {(case.request.calls[0].digest,)}
    async with desk.worker():
        result: ApprovalResult = await case.handle.result()
        assert (await desk.slack.redeliver(fresh=fresh)).acked
    [decision] = result.decisions
    assert decision.kind == "approved"
    assert len(decision.reviews) == 1
    assert desk.told(ANNA) == told


async def _forged(desk: Desk, case: Case, user: str, **changes: object) -> object:
    """The last click of a notice, with parts of it replaced by whoever tampers with it."""
    await desk.click(case, OTTO, ACTION_DETAILS)
    [view] = desk.slack.views(OTTO.id)
    await desk.slack.close_view(OTTO.id, view.id)
    payload = dict(desk.slack.deliveries[-1].payload)
    payload["user"] = {"id": user, "team_id": "T0LOCAL"}
    payload["actions"] = [payload["actions"][0] | {"action_id": ACTION_APPROVE} | changes]
    return await desk.slack.forge(payload)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("approval-nobody-1:" + "a" * 64, "Nothing was recorded: this request is not known here."),
        ("", "Nothing was recorded: this request is not known here."),
        ("session-x:" + "a" * 64, "Nothing was recorded: this request is not known here."),
        ("{request}:" + "a" * 64, "Nothing was recorded: this button belongs to a call that was superseded"),
    ],
)
@pytest.mark.parametrize("action_id", [ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS])
async def test_a_button_of_no_call_records_nothing(desk: Desk, value: str, answer: str, action_id: str) -> None:
    """Unknown requests, other digests and garbage are refused with words for each, also for a reviewer."""
    case = await desk.request()
    told = len(desk.told(ANNA))
    await _forged(desk, case, ANNA.id, value=value.format(request=case.request.request_id), action_id=action_id)
    await desk.slack.wait_until(lambda: len(desk.told(ANNA)) > told)
    assert desk.told(ANNA)[-1].startswith(answer)
    assert await desk.reviews(case) == []
    assert desk.slack.views(ANNA.id) == []


async def test_an_old_notice_does_not_approve_a_new_call(desk: Desk) -> None:
    """A session id that is used again gets new calls: buttons of the old notice are superseded."""
    old = await desk.request()
    await old.handle.terminate()
    call = old.request.calls[0].model_copy(update={"call_id": "another"})
    new = old.request.model_copy(update={"calls": (call,)})
    await desk.client.start_workflow(names.APPROVAL, new, id=new.request_id, task_queue=desk.queue)
    told = len(desk.told(ANNA))
    await desk.click(old, ANNA)
    await desk.slack.wait_until(lambda: len(desk.told(ANNA)) > told)
    assert "superseded" in desk.told(ANNA)[-1]
    assert await desk.reviews(old) == []


@pytest.mark.parametrize("kind", ["SomethingElse", names.APPROVAL])
async def test_a_workflow_that_is_no_such_request_is_not_signalled(desk: Desk, kind: str) -> None:
    """A pointer at another workflow type, or at an input under another id, is an unknown request."""
    case = await desk.request()
    other = await desk.client.start_workflow(
        kind, case.request, id=f"{case.request.request_id}0", task_queue=desk.queue
    )
    told = len(desk.told(ALAN))
    await _forged(desk, case, ALAN.id, value=str(Pointer(other.id, case.request.calls[0].digest)))
    await desk.slack.wait_until(lambda: len(desk.told(ALAN)) > told)
    assert "not known here" in desk.told(ALAN)[-1]
    assert await desk.reviews(Case(case.request, case.message, other)) == []
    assert await desk.reviews(case) == []


@pytest.mark.parametrize("user", ["U0OTTO", "U0NOBODY"])
async def test_a_forged_denial_is_refused_under_the_field(desk: Desk, user: str) -> None:
    """Anyone can submit a modal that they never saw: who may decide is asked again, and looked up."""
    case = await desk.request()
    payload = desk.slack.forged_submission(
        OTTO.id,
        callback_id=CALLBACK,
        private_metadata=case.pointer(),
        values={REASON_BLOCK: {REASON_INPUT: {"type": "plain_text_input", "value": "I say so"}}},
    )
    payload["user"]["id"] = user
    delivery = await desk.slack.forge(payload)
    assert delivery.response is not None
    assert delivery.response["response_action"] == "errors"
    assert "not a reviewer" in delivery.response["errors"][REASON_BLOCK]
    assert await desk.reviews(case) == []


@pytest.mark.parametrize("pointer", ["", "approval-nobody-1:" + "a" * 64, '{"request_id": "approval-s-1"}'])
async def test_a_forged_denial_of_nothing_records_nothing(desk: Desk, pointer: str) -> None:
    """What a modal carries is only a pointer, looked up like any other."""
    payload = desk.slack.forged_submission(
        ANNA.id,
        callback_id=CALLBACK,
        private_metadata=pointer,
        values={REASON_BLOCK: {REASON_INPUT: {"type": "plain_text_input", "value": "no"}}},
    )
    delivery = await desk.slack.forge(payload)
    assert delivery.response is not None
    assert "not known here" in delivery.response["errors"][REASON_BLOCK]


@pytest.mark.parametrize("reason", [None, "", "x" * 3001])
async def test_a_forged_reason_of_the_wrong_length_is_refused(desk: Desk, reason: str | None) -> None:
    """The limits of the field are checked here too, not only by Slack's client."""
    case = await desk.request()
    payload = desk.slack.forged_submission(
        ANNA.id,
        callback_id=CALLBACK,
        private_metadata=case.pointer(),
        values={REASON_BLOCK: {REASON_INPUT: {"type": "plain_text_input", "value": reason}}},
    )
    delivery = await desk.slack.forge(payload)
    assert delivery.response is not None
    assert delivery.response["response_action"] == "errors"
    assert await desk.reviews(case) == []


async def test_a_malformed_payload_is_not_acked(desk: Desk) -> None:
    """What is not what Slack sends for this app is not acked, so that Slack says that it did not work."""
    delivery = await desk.slack.forge({"type": "block_actions", "api_app_id": "A0OTHERAPP", "user": {"id": ANNA.id}})
    assert delivery.state == "timed_out"


@pytest.mark.parametrize("kind", ["view_closed", "shortcut", "message_action"])
async def test_what_asks_for_nothing_is_acked(desk: Desk, kind: str) -> None:
    """Other interactions of the app are acked and change nothing."""
    assert (await desk.slack.forge({"type": kind})).acked


async def test_a_person_whom_the_app_cannot_write_to_is_told_by_the_response_url(desk: Desk) -> None:
    """An answer finds its way when the app may not post in the channel."""
    case = await desk.request()
    told = len(desk.told(OTTO))
    desk.slack.faults.api_error("chat.postEphemeral", error="not_in_channel")
    await desk.click(case, OTTO)
    await desk.slack.wait_until(lambda: len(desk.told(OTTO)) > told)
    assert "not a reviewer" in desk.told(OTTO)[-1]


@pytest.mark.parametrize("action_id", [ACTION_DENY, ACTION_DETAILS])
async def test_a_modal_that_slack_does_not_open_is_told(desk: Desk, action_id: str) -> None:
    """A click that was to open a modal never ends in silence."""
    case = await desk.request()
    told = len(desk.told(ANNA))
    desk.slack.faults.api_error("views.open", error="internal_error")
    assert (await desk.click(case, ANNA, action_id)).acked
    await desk.slack.wait_until(lambda: len(desk.told(ANNA)) > told)
    assert desk.told(ANNA)[-1].startswith("That could not be opened")
    assert await desk.reviews(case) == []


async def test_a_dropped_connection_is_replaced(desk: Desk) -> None:
    """Clicks are taken again as soon as the gateway has connected anew."""
    case = await desk.request()
    desk.slack.drop_sockets()
    await desk.slack.wait_until(lambda: not desk.slack.connections, what="the loss of the connection")
    await desk.slack.wait_until(lambda: desk.slack.connections, what="a new connection")
    assert (await desk.click(case, ANNA)).acked
    assert len(await desk.reviews(case)) == 1


async def test_a_refreshed_connection_loses_no_click(desk: Desk) -> None:
    """When Slack asks for a new connection, the gateway opens one and goes on."""
    case = await desk.request()
    opened = len(desk.slack.api_calls("apps.connections.open"))
    await desk.slack.disconnect_sockets()
    await desk.slack.wait_until(lambda: len(desk.slack.api_calls("apps.connections.open")) > opened)
    await desk.slack.wait_until(lambda: desk.slack.connections, what="a new connection")
    assert (await desk.click(case, ANNA)).acked
    assert len(await desk.reviews(case)) == 1
