"""Slack as it is on a bad day, on request."""

import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import LocalSlack, Timings
from tests.slack.conftest import App, buttons, client_of, local_slack


async def test_a_rate_limit_says_when_to_come_back(slack: LocalSlack, web: AsyncWebClient) -> None:
    """429 with `Retry-After`, for the stated number of calls of the stated method only."""
    slack.faults.rate_limit("chat.postMessage", times=2, retry_after=7)
    await web.auth_test()
    for _ in range(2):
        with pytest.raises(SlackApiError) as limited:
            await web.chat_postMessage(channel="C0APPROVALS", text="x")
        assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "7")
    await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert [call.error for call in slack.api_calls("chat.postMessage")] == ["ratelimited", "ratelimited", None]
    assert len(slack.messages("C0APPROVALS")) == 1


async def test_the_sdks_own_retry_handler_understands_the_rate_limit(slack: LocalSlack) -> None:
    """The handler waits as told and gets through."""
    patient = AsyncWebClient(
        token=slack.bot_token, base_url=slack.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler()]
    )
    slack.faults.rate_limit(retry_after=0)
    await patient.chat_postMessage(channel="C0APPROVALS", text="x")
    assert len(slack.messages("C0APPROVALS")) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_comes_without_json(slack: LocalSlack, web: AsyncWebClient, status: int) -> None:
    """As a proxy before Slack answers; nothing has happened then."""
    slack.faults.http_error("chat.postMessage", status=status)
    with pytest.raises(SlackApiError) as failed:
        await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert failed.value.response.status_code == status
    assert slack.messages("C0APPROVALS") == []


async def test_an_answer_can_be_lost_after_the_deed(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The message is there and the caller does not know: the case in which trying again posts it twice."""
    slack.faults.http_error("chat.postMessage", applied=True)
    with pytest.raises(SlackApiError):
        await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert len(slack.messages("C0APPROVALS")) == 1


async def test_a_named_error_can_be_asked_for(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Any error of Slack's own, until it is cleared."""
    slack.faults.api_error(error="account_inactive", times=None)
    for _ in range(3):
        with pytest.raises(SlackApiError, match="account_inactive"):
            await web.auth_test()
    slack.faults.clear()
    await web.auth_test()


async def test_an_answer_can_be_late(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The call takes effect, after the delay."""
    slack.faults.delay("chat.postMessage", seconds=0.15)
    started = time.monotonic()
    await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert time.monotonic() - started >= 0.15


async def test_slack_can_be_down(slack: LocalSlack, app: App) -> None:
    """No call is answered and no click gets through; afterwards everything is as it was, and the app comes back."""
    message = await app.web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=[buttons("approve")])
    slack.go_down()
    with pytest.raises(SlackApiError) as failed:
        await app.web.auth_test()
    assert failed.value.response.status_code == 503
    assert (await slack.click("U0ALICE", message_ts=message["ts"], action_id="approve")).state == "not_connected"
    slack.go_up()
    await slack.wait_until(lambda: slack.connections == 1, what="the reconnection")
    assert (await slack.click("U0ALICE", message_ts=message["ts"], action_id="approve")).acked


async def test_a_connection_can_be_cut(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The caller sees a broken connection instead of an answer."""
    slack.go_down("reset")
    with pytest.raises(aiohttp.ClientConnectionError):
        await web.chat_postMessage(channel="C0APPROVALS", text="x")
    slack.go_up()
    await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert len(slack.messages("C0APPROVALS")) == 1


async def test_new_sockets_can_be_refused(slack: LocalSlack, app: App) -> None:
    """Existing connections live on; whoever lost one gets none until it is allowed again."""
    slack.faults.refuse_sockets = True
    assert slack.connections == 1
    slack.drop_sockets()
    refused = await client_of(slack).apps_connections_open(app_token=slack.app_token)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as handshake:
            await session.ws_connect(refused["url"])
    assert handshake.value.status == 403
    slack.faults.refuse_sockets = False
    await slack.wait_until(lambda: slack.connections == 1, what="the reconnection")
    assert app.received == []


async def test_a_payload_can_be_late() -> None:
    """It arrives after the person was told that nobody answered: a late click still counts for the app."""
    async with local_slack(timings=Timings(ack=0.1)) as slack, App(slack) as app:
        slack.faults.envelope_delay = 0.25
        message = await app.web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=[buttons("approve")])
        delivery = await slack.click("U0ALICE", message_ts=message["ts"], action_id="approve")
        assert (delivery.state, app.received) == ("timed_out", [])
        await slack.wait_until(lambda: len(app.received) == 1, what="the late payload")
