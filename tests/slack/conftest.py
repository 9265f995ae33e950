"""A local Slack, the unmodified SDK against it, and the smallest app that answers what a test tells it to."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import LocalChannel, LocalSlack, LocalUser, LocalUserGroup, Timings

type Json = dict[str, Any]

USERS = (
    LocalUser("U0ALICE", "alice", "Alice Adams", "alice@example.com"),
    LocalUser("U0BOB", "bob", "Bob Brown", "bob@example.com"),
)
CHANNELS = (
    LocalChannel("C0APPROVALS", "approvals"),
    LocalChannel("C0ALICE", "alice-only", members=frozenset({"U0ALICE"})),
    LocalChannel("C0ELSEWHERE", "elsewhere", app_is_member=False),
    LocalChannel("C0SECRET", "secret", is_private=True, app_is_member=False),
    LocalChannel("C0OLD", "old", is_archived=True),
)
GROUPS = (LocalUserGroup("S0REVIEWERS", "reviewers", ("U0ALICE", "U0BOB")),)


def local_slack(**changes: Any) -> LocalSlack:
    """The workspace of these tests, with some of its settings changed."""
    settings: Json = {
        "users": USERS,
        "channels": CHANNELS,
        "usergroups": GROUPS,
        "commands": {"/seconder"},
        "events": {"app_mention", "app_home_opened", "message.channels"},
        "timings": Timings(ack=2.0),
    }
    return LocalSlack(**settings | changes)


def client_of(slack: LocalSlack, token: str | None = None) -> AsyncWebClient:
    """The SDK's client, pointed at the local Slack, without retries of its own."""
    return AsyncWebClient(token=token or slack.bot_token, base_url=slack.api_url, retry_handlers=[])


class App:
    """Acks everything at once with what `answer` returns, or not at all while `silent`."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.web = client_of(slack)
        self.received: list[SocketModeRequest] = []
        self.silent = False
        self.answer: Callable[[Json], Json | None] = lambda _payload: None
        self.socket = SocketModeClient(app_token=slack.app_token, web_client=self.web, ping_interval=0.2)
        self.socket.socket_mode_request_listeners.append(self._on_request)

    async def _on_request(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.received.append(request)
        if not self.silent:
            response = SocketModeResponse(request.envelope_id, self.answer(request.payload))
            await client.send_socket_mode_response(response)

    async def __aenter__(self) -> "App":
        before = self.slack.connections
        await self.socket.connect()  # type: ignore[no-untyped-call]
        await self.slack.wait_until(lambda: self.slack.connections > before, what="the app's connection")
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.socket.close()  # type: ignore[no-untyped-call]


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with local_slack() as running:
        yield running


@pytest.fixture
def web(slack: LocalSlack) -> AsyncWebClient:
    return client_of(slack)


@pytest.fixture
async def app(slack: LocalSlack) -> AsyncIterator[App]:
    async with App(slack) as connected:
        yield connected


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(action_id: str = "approve", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(action_id.title()), "value": "r1", **more}


def buttons(*action_ids: str) -> Json:
    return {"type": "actions", "block_id": "decide", "elements": [button(each) for each in action_ids]}


def reason_modal(**changes: Any) -> Json:
    """A modal that asks for a reason, with some of its fields changed."""
    field = {"type": "plain_text_input", "action_id": "text", "max_length": 100}
    return {
        "type": "modal",
        "callback_id": "deny",
        "private_metadata": "r1",
        "title": plain("Deny"),
        "submit": plain("Deny"),
        "blocks": [{"type": "input", "block_id": "reason", "label": plain("Reason"), "element": field}],
    } | changes
