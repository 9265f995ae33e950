"""Notices in Slack: posted, updated and answered, and what happens when Slack does not want to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.notices import Notices
from seconder.contracts.approvals import ApprovalRequest, ApprovalResult, Notice, NoticeUpdate, RefusedReview
from seconder.contracts.calls import Call, Decision, Reviewer
from seconder.effects import Effect
from seconder.names import ACTION_APPROVE
from seconder.testing.slack import LocalSlack
from tests.slack.gateway_desk import ANNA, CHANNEL, OTTO, RITA, open_desk

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CALL = Call(
    session_id="s1",
    call_id="s1-c1",
    agent="clerk",
    agent_version="1",
    tool="issue_refund",
    tool_version="1",
    arguments={"order": 7, "note": "<!channel> https://evil.example"},
    effect=Effect.SPEND,
)
REQUEST = ApprovalRequest(
    request_id="approval-s1-1",
    session_id="s1",
    agent="clerk",
    agent_version="1",
    requester=RITA.id,
    task="Refund it.",
    calls=(CALL,),
    reviewers=(ANNA.id,),
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)
DENIED = Decision(digest=CALL.digest, kind="denied", reason="Not this one.", at=NOW)
REFUSED = RefusedReview(
    request_id="approval-s1-1", reviewer=Reviewer(user_id=OTTO.id), refusal="not_allowed", reviewers=(ANNA.id,)
)


@pytest.fixture
async def workspace() -> AsyncIterator[LocalSlack]:
    async with LocalSlack(users=[RITA, ANNA, OTTO], channels=[CHANNEL]) as slack:
        yield slack


@pytest.fixture
def notices(workspace: LocalSlack) -> Notices:
    web = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])
    return Notices(web, CHANNEL.id)


async def test_a_notice_is_posted_with_its_request_id_and_without_previews(
    workspace: LocalSlack, notices: Notices
) -> None:
    """The message can be found again by its request, and a link in the data loads nothing."""
    notice = await notices.post_notice(REQUEST)
    message = workspace.message(notice.channel, notice.ts)
    assert message.metadata == {"event_type": "seconder_request", "event_payload": {"request_id": "approval-s1-1"}}
    [call] = workspace.api_calls("chat.postMessage")
    assert {str(call.args[name]).lower() for name in ("unfurl_links", "unfurl_media")} <= {"false", "0"}
    assert "<!channel>" not in message.text


async def test_an_update_redraws_the_same_message(workspace: LocalSlack, notices: Notices) -> None:
    """A decision shows in the notice itself, and its buttons are gone."""
    notice = await notices.post_notice(REQUEST)
    await notices.update_notice(NoticeUpdate(notice=notice, request=REQUEST, decisions=(DENIED,)))
    [message] = workspace.messages(CHANNEL.id)
    assert "Not this one." in message.all_text
    assert ACTION_APPROVE not in [element["action_id"] for element in message.elements]


async def test_an_answer_reaches_one_person_alone(workspace: LocalSlack, notices: Notices) -> None:
    """Only the person whose review did not count is told why."""
    await notices.answer_reviewer(REFUSED)
    [told] = workspace.ephemerals(OTTO.id)
    assert "not a reviewer" in told.text
    assert workspace.messages(CHANNEL.id) == []
    assert workspace.ephemerals(ANNA.id) == []


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("channel_not_found", "SECONDER_CHANNEL"),
        ("not_in_channel", "invite the app"),
        ("is_archived", "SECONDER_CHANNEL"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
        ("token_revoked", "SLACK_BOT_TOKEN"),
        ("missing_scope", "slack-app-manifest.yaml"),
        ("invalid_blocks", "mistake in Seconder"),
        ("msg_blocks_too_long", "mistake in Seconder"),
        ("something_new", "reference of Slack"),
    ],
)
async def test_a_refusal_that_stands_ends_the_activity(
    workspace: LocalSlack, notices: Notices, error: str, mend: str
) -> None:
    """What trying again cannot mend is not tried again, and says how to mend it."""
    workspace.faults.api_error("chat.postMessage", error=error)
    with pytest.raises(ApplicationError, match=mend) as raised:
        await notices.post_notice(REQUEST)
    assert raised.value.non_retryable
    assert raised.value.type == f"slack_{error}"


async def test_a_missing_scope_is_named(workspace: LocalSlack) -> None:
    """The scope that is missing stands in the error."""
    async with LocalSlack(users=[ANNA], channels=[CHANNEL], scopes={"users:read"}) as poor:
        web = AsyncWebClient(token=poor.bot_token, base_url=poor.api_url, retry_handlers=[])
        with pytest.raises(ApplicationError, match="chat:write"):
            await Notices(web, CHANNEL.id).post_notice(REQUEST)


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "service_unavailable", "request_timeout"])
async def test_a_refusal_that_passes_is_tried_again(workspace: LocalSlack, notices: Notices, error: str) -> None:
    """Trouble inside Slack is left to Temporal's retries."""
    workspace.faults.api_error("chat.update", error=error)
    notice = await notices.post_notice(REQUEST)
    with pytest.raises(ApplicationError) as raised:
        await notices.update_notice(NoticeUpdate(notice=notice, request=REQUEST, decisions=(DENIED,)))
    assert not raised.value.non_retryable
    assert raised.value.type == "SlackUnavailable"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_http_error_is_tried_again(workspace: LocalSlack, notices: Notices, status: int) -> None:
    """An answer that is no answer of Slack's API is an outage."""
    workspace.faults.http_error("chat.postMessage", status=status)
    with pytest.raises(ApplicationError) as raised:
        await notices.post_notice(REQUEST)
    assert (raised.value.type, raised.value.non_retryable) == ("SlackUnavailable", False)


async def test_a_connection_that_breaks_is_tried_again(workspace: LocalSlack, notices: Notices) -> None:
    """No connection is an outage."""
    workspace.go_down("reset")
    with pytest.raises(ApplicationError) as raised:
        await notices.answer_reviewer(REFUSED)
    assert (raised.value.type, raised.value.non_retryable) == ("SlackUnavailable", False)


async def test_a_rate_limit_is_waited_out_as_slack_asks(workspace: LocalSlack, notices: Notices) -> None:
    """429 is tried again after the seconds in `Retry-After`."""
    workspace.faults.rate_limit("chat.postMessage", retry_after=7)
    with pytest.raises(ApplicationError) as raised:
        await notices.post_notice(REQUEST)
    assert not raised.value.non_retryable
    assert raised.value.next_retry_delay == timedelta(seconds=7)


async def test_a_deleted_notice_is_not_updated_for_ever(workspace: LocalSlack, notices: Notices) -> None:
    """Somebody who deletes a message does not keep an activity busy."""
    update = NoticeUpdate(notice=Notice(channel=CHANNEL.id, ts="1.000001"), request=REQUEST, decisions=(DENIED,))
    with pytest.raises(ApplicationError, match="deleted the notice") as raised:
        await notices.update_notice(update)
    assert (raised.value.type, raised.value.non_retryable) == ("slack_message_not_found", True)


async def test_a_request_that_cannot_be_drawn_ends_the_activity(notices: Notices) -> None:
    """An id that does not fit into a button is told, not retried."""
    with pytest.raises(ApplicationError, match="under a shorter id") as raised:
        await notices.post_notice(REQUEST.model_copy(update={"request_id": "approval-" + "s" * 100 + "-1"}))
    assert raised.value.non_retryable


@pytest.mark.parametrize("trouble", ["down", "rate limit", "internal error"])
async def test_a_notice_is_posted_once_slack_is_back(temporal: WorkflowEnvironment, trouble: str) -> None:
    """Slack may be away when a notice is due: the request waits, and the notice comes."""
    async with open_desk(temporal.client) as desk:
        case = await desk.request()
        asked = len(desk.slack.api_calls("chat.postMessage"))
        if trouble == "down":
            desk.slack.go_down()
        elif trouble == "rate limit":
            desk.slack.faults.rate_limit("chat.postMessage", times=2, retry_after=1)
        else:
            desk.slack.faults.api_error("chat.postMessage", error="internal_error", times=2)
        async with desk.worker():
            await desk.slack.wait_until(
                lambda: len(desk.slack.api_calls("chat.postMessage")) > asked or desk.slack.faults.down
            )
            desk.slack.go_up()
            await desk.slack.wait_until(lambda: len(desk.slack.messages(CHANNEL.id)) == 2)
            await desk.slack.wait_until(lambda: desk.slack.connections, what="the gateway's connection")
            await desk.click(case, ANNA)
            result: ApprovalResult = await case.handle.result()
        assert result.notice is not None
        assert result.notice.ts == desk.slack.messages(CHANNEL.id)[1].ts
