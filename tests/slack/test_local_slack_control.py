"""`/_local/…`: what the page does, and what a script in another language can do."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from seconder.testing.slack import LocalSlack
from tests.slack.conftest import App, Json, buttons, reason_modal


class Control:
    """Posts JSON to `/_local/…` and returns status and body."""

    def __init__(self, slack: LocalSlack, session: aiohttp.ClientSession) -> None:
        self._url = slack.page_url
        self._session = session

    async def __call__(self, path: str, **body: object) -> tuple[int, Json]:
        async with self._session.post(f"{self._url}_local/{path}", json=body) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def control(slack: LocalSlack) -> AsyncIterator[Control]:
    async with aiohttp.ClientSession() as session:
        yield Control(slack, session)


async def test_a_click_over_http_takes_the_same_path(slack: LocalSlack, app: App, control: Control) -> None:
    """It reaches the app as any click, and the answer tells what the person sees."""
    posted = await app.web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=[buttons("approve", "deny")])
    click = {"user": "U0ALICE", "channel": "C0APPROVALS", "message_ts": posted["ts"], "action_id": "deny"}
    status, body = await control("click", **click)
    assert (status, body["state"], body["shown"]) == (200, "acked", "")
    assert app.received[0].payload["actions"][0]["action_id"] == "deny"
    await app.web.views_open(trigger_id=app.received[0].payload["trigger_id"], view=reason_modal())
    view = await slack.wait_for_view("U0ALICE")
    _, refused = await control("submit", user="U0ALICE", view_id=view.id, values={"reason": None})
    assert refused["errors"] == {"reason": "Please complete this required field."}
    _, accepted = await control("submit", user="U0ALICE", view_id=view.id, values={"reason": "why"})
    assert accepted["state"] == "acked"
    status, body = await control("close", user="U0ALICE", view_id=view.id)
    assert (status, "no open view" in body["error"]) == (404, True)


async def test_messages_commands_and_forgeries_over_http(slack: LocalSlack, app: App, control: Control) -> None:
    """Everything that a person can do, and what an attacker could."""
    _, said = await control("message", user="U0ALICE", channel="C0APPROVALS", text="hello")
    assert slack.message("C0APPROVALS", said["ts"]).user == "U0ALICE"
    _, typed = await control("command", user="U0ALICE", channel="C0APPROVALS", command="/seconder", text="list")
    assert typed["state"] == "acked"
    forged = slack.forged_submission("U0BOB", callback_id="deny")
    _, sent = await control("forge", payload=forged)
    assert sent["state"] == "acked"
    assert app.received[-1].payload == forged
    _, again = await control("redeliver", fresh=True)
    assert again["state"] == "acked"
    assert app.received[-1].payload == forged


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "rate_limit", "method": "auth.test"}, "ratelimited"),
        ({"kind": "api_error", "error": "fatal_error"}, "fatal_error"),
        ({"kind": "http_error", "status": 502}, "502"),
        ({"kind": "down"}, "503"),
    ],
)
async def test_faults_are_set_and_cleared_over_http(app: App, control: Control, fault: Json, error: str) -> None:
    """The next call meets the fault; after `clear` all is well."""
    await control("faults", **fault)
    with pytest.raises(SlackApiError, match=error):
        await app.web.auth_test()
    await control("faults", kind="clear")
    await app.web.auth_test()


async def test_sockets_are_dropped_over_http(slack: LocalSlack, app: App, control: Control) -> None:
    """A script can take the app's connections away, and let it come back."""
    await control("sockets", do="refuse")
    assert await control("sockets", do="drop") == (200, {"connections": 0})
    await control("sockets", do="accept")
    await slack.wait_until(lambda: slack.connections == 1, what="the reconnection")
    assert app.received == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("click", {"user": "U0ALICE", "colour": "red"}),
        ("click", {"user": "U0ALICE", "index": -1}),
        ("message", {"user": "U0ALICE", "channel": "C0APPROVALS", "text": ""}),
        ("faults", {"kind": "earthquake"}),
        ("forge", {"payload": "x"}),
        ("sockets", {}),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(slack: LocalSlack, control: Control, path: str, body: Json) -> None:
    """Unknown or wrong fields are named, and nothing happens."""
    status, answer = await control(path, **body)
    assert status == 400
    assert "validation error" in answer["error"]
    assert slack.deliveries == []
