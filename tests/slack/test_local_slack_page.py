"""What the page is given: its files, and what the acting person sees."""

import json
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import LocalSlack
from tests.slack.conftest import App, Json, buttons, reason_modal

PAGE = files("seconder.testing.slack") / "page"


class Live:
    """An open page, without the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def until(self, probe: Any) -> Json:
        """The first snapshot in which `probe` finds something."""
        while True:
            snapshot: Json = await self.socket.receive_json(timeout=5)
            if probe(snapshot):
                return snapshot


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as open_session:
        yield open_session


async def live(slack: LocalSlack, session: aiohttp.ClientSession, user: str) -> Live:
    return Live(await session.ws_connect(f"{slack.page_url}_local/live?user={user}"))


async def test_the_page_and_all_that_it_names_are_served(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    """Every file that the page or one of its modules names is there, with its type and the headers that confine it."""
    names = {"icon.svg"}
    async with session.get(slack.page_url) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        names |= set(re.findall(r'"/page/([^"]+)"', await answer.text()))
    pending = set(names)
    while pending:
        name = pending.pop()
        async with session.get(f"{slack.page_url}page/{name}") as answer:
            assert (name, answer.status) == (name, 200)
            found = set(re.findall(r'from "\./([^"]+)"', await answer.text()))
            pending |= found - names
            names |= found
    assert names == {each.name for each in PAGE.iterdir()} - {"index.html"}


async def test_only_the_pages_own_files_are_served(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    """No path leads out of the folder."""
    for name in ("..%2Fstate.py", "%2e%2e%2flocal.py", "nothing.js", "page.py"):
        async with session.get(f"{slack.page_url}page/{name}") as answer:
            assert answer.status == 404


def test_the_page_asks_nobody_else_and_parses_no_html() -> None:
    """Nothing is loaded from elsewhere, and no text can become markup."""
    for asset in PAGE.iterdir():
        text = asset.read_text("utf-8")
        foreign = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert (asset.name, foreign) == (asset.name, set())
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style="):
            assert (asset.name, forbidden in text) == (asset.name, False)


async def test_each_person_sees_what_is_for_them(
    slack: LocalSlack, web: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """Ephemerals, modals, direct messages and channels of others never reach the page of somebody else."""
    await web.chat_postMessage(channel="C0APPROVALS", text="for all")
    await web.chat_postMessage(channel="C0ALICE", text="in alice's channel")
    await web.chat_postMessage(channel="U0ALICE", text="in alice's direct message")
    await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ALICE", text="for alice's eyes")
    trigger_id = slack.forged_submission("U0ALICE", callback_id="x")["trigger_id"]
    await web.views_open(trigger_id=trigger_id, view=reason_modal())
    alice = await (await live(slack, session, "U0ALICE")).until(bool)
    bob = await (await live(slack, session, "U0BOB")).until(bool)
    assert len(alice["views"]) == 1
    assert [message["ephemeral"] for message in alice["messages"]["C0APPROVALS"]] == [False, True]
    assert [message["text"] for message in bob["messages"]["C0APPROVALS"]] == ["for all"]
    assert "alice's" not in json.dumps(bob)
    assert bob["views"] == []


async def test_the_page_follows_what_happens(
    slack: LocalSlack, web: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """A new message, an update and the app's connection arrive by themselves."""
    page = await live(slack, session, "U0ALICE")
    first = await page.until(bool)
    assert first["app"]["connected"] is False
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="waits", blocks=[buttons("approve")])
    await page.until(lambda shown: shown["messages"]["C0APPROVALS"])
    await web.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="approved")
    edited = await page.until(lambda shown: shown["messages"]["C0APPROVALS"][0]["text"] == "approved")
    assert edited["messages"]["C0APPROVALS"][0]["edited"] is True
    async with App(slack):
        await page.until(lambda shown: shown["app"]["connected"])
    await page.until(lambda shown: not shown["app"]["connected"])


async def test_an_open_page_does_not_hold_the_server(session: aiohttp.ClientSession, slack: LocalSlack) -> None:
    """Stopping closes the page's connection, so that the page can say so."""
    page = await live(slack, session, "U0ALICE")
    await page.until(bool)
    await slack.stop()
    assert (await page.socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
