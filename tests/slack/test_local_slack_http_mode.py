"""HTTP mode: payloads POSTed to the app, signed as Slack signs them."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer
from slack_sdk.signature import SignatureVerifier

from seconder.errors import ConfigurationError
from seconder.testing.slack import LocalSlack, Timings, sign, signed_headers
from tests.slack.conftest import Json, buttons, client_of, local_slack, reason_modal


class Endpoint:
    """An app's request URL: keeps what arrives, and answers what the test sets."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.answer: Json | None = None
        self.hold = asyncio.Event()
        self.hold.set()

    async def handle(self, request: aiohttp_web.Request) -> aiohttp_web.Response:
        self.received.append((dict(request.headers), await request.read()))
        await self.hold.wait()
        if self.answer is None:
            return aiohttp_web.Response(status=self.status)
        return aiohttp_web.json_response(self.answer, status=self.status)

    def payload(self, index: int = -1) -> Json:
        form = parse_qs(self.received[index][1].decode())
        payload: Json = json.loads(form["payload"][0])
        return payload


@pytest.fixture
async def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def slack(endpoint: Endpoint) -> AsyncIterator[LocalSlack]:
    app = aiohttp_web.Application()
    app.router.add_post("/slack/events", endpoint.handle)
    async with TestServer(app, host="127.0.0.1") as server, local_slack(timings=Timings(ack=1.0)) as running:
        running.request_url = str(server.make_url("/slack/events"))
        yield running
        endpoint.hold.set()


async def click(slack: LocalSlack) -> str:
    """A click on a notice; returns the state in which it ended."""
    posted = await client_of(slack).chat_postMessage(channel="C0APPROVALS", text="x", blocks=[buttons("approve")])
    return (await slack.click("U0ALICE", message_ts=posted["ts"], action_id="approve")).state


async def test_a_click_is_posted_and_its_signature_holds(slack: LocalSlack, endpoint: Endpoint) -> None:
    """The SDK's own verifier accepts it, and refuses it with one byte changed."""
    assert await click(slack) == "acked"
    headers, body = endpoint.received[0]
    verifier = SignatureVerifier(slack.signing_secret)
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b"x", headers)
    assert endpoint.payload()["actions"][0]["action_id"] == "approve"


async def test_the_body_of_the_answer_is_the_response(slack: LocalSlack, endpoint: Endpoint) -> None:
    """`response_action` works over HTTP as over a socket."""
    web = client_of(slack)
    trigger_id = slack.forged_submission("U0ALICE", callback_id="x")["trigger_id"]
    await web.views_open(trigger_id=trigger_id, view=reason_modal())
    view = await slack.wait_for_view("U0ALICE")
    endpoint.answer = {"response_action": "errors", "errors": {"reason": "Say more."}}
    assert (await slack.submit_view("U0ALICE", view.id, {"reason": "x"})).errors == {"reason": "Say more."}
    endpoint.answer = None
    await slack.submit_view("U0ALICE", view.id, {"reason": "x"})
    assert view.state == "submitted"


async def test_an_error_of_the_app_is_no_ack(slack: LocalSlack, endpoint: Endpoint) -> None:
    """Anything but 200 tells the person that it failed."""
    endpoint.status = 401
    assert await click(slack) == "failed"
    assert slack.deliveries[-1].shown == "The app answered with an error. (the app answered 401)"


async def test_an_app_that_is_not_there_is_no_ack(slack: LocalSlack) -> None:
    """A refused connection is told apart from a late answer."""
    async with TestServer(aiohttp_web.Application(), host="127.0.0.1") as gone:
        url = str(gone.make_url("/"))
    slack.request_url = url
    assert await click(slack) == "failed"


async def test_an_app_that_is_late_timed_out() -> None:
    """Three seconds on Slack, a tenth here; a retry says that it is one."""
    endpoint = Endpoint()
    endpoint.hold.clear()
    app = aiohttp_web.Application()
    app.router.add_post("/", endpoint.handle)
    timings = Timings(ack=0.1, redeliveries=1)
    async with TestServer(app, host="127.0.0.1") as server, local_slack(timings=timings) as slack:
        slack.request_url = str(server.make_url("/"))
        assert await click(slack) == "timed_out"
        await slack.wait_until(lambda: slack.deliveries[-1].attempts == 2 and len(endpoint.received) == 2)
        headers, _ = endpoint.received[1]
        assert (headers["X-Slack-Retry-Num"], headers["X-Slack-Retry-Reason"]) == ("1", "timeout")
        endpoint.hold.set()


async def test_commands_are_flat_forms_and_events_are_json(slack: LocalSlack, endpoint: Endpoint) -> None:
    """Each kind has the body that Slack gives it."""
    endpoint.answer = {"text": "here you are"}
    await slack.slash_command("U0ALICE", "C0APPROVALS", "/seconder", "list")
    assert parse_qs(endpoint.received[-1][1].decode())["command"] == ["/seconder"]
    assert slack.ephemerals("U0ALICE")[0].text == "here you are"
    await slack.send_message("U0ALICE", "C0APPROVALS", "hi")
    headers, body = endpoint.received[-1]
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["event"]["text"] == "hi"


def test_a_stale_signature_can_be_made() -> None:
    """Tests of a gateway need a request that is genuine and old."""
    headers = signed_headers("secret", b"body", timestamp=1)
    assert headers == {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": sign("secret", b"body", 1)}
    assert not SignatureVerifier("secret").is_valid_request(b"body", headers)


@pytest.mark.parametrize("url", ["http://example.com/x", "http://127.0.0.1.example.com/", "http://[2001:db8::1]/", "x"])
async def test_nothing_is_sent_off_this_machine(slack: LocalSlack, url: str) -> None:
    """A request URL elsewhere is refused when it is set, not when the first click leaves."""
    with pytest.raises(ConfigurationError, match="not on this machine"):
        slack.request_url = url
    with pytest.raises(ConfigurationError, match="not on this machine"):
        local_slack(request_url=url)
