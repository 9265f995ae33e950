"""What a person who opens the Temporal UI understands of a session that waits."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.async_api import FrameLocator, expect

from seconder import names
from seconder.testing import people
from seconder.testing.model import function_call, text
from tests.browser.desk import Desk
from tests.browser.visitor import Visitor
from workers.local import REQUESTER, REVIEWER

TASK = "Refund what order 7 is owed."
HOSTILE = (
    "late **really** [approved](https://elsewhere.example) ![x](https://elsewhere.example/x) `</code>` <h1>late</h1>"
)
REFUND = {"order_id": 7, "amount_eur": "4.50", "reason": HOSTILE}


@dataclass
class Clerk:
    """Somebody with the Temporal UI open, on workflows of one session that waits."""

    visitor: Visitor
    desk: Desk
    session_id: str

    @property
    def session(self) -> str:
        """The session's workflow."""
        return names.session_workflow_id(self.session_id)

    @property
    def approval(self) -> str:
        """The approval's workflow."""
        return names.approval_workflow_id(self.session_id, 1)

    async def search(self, query: str) -> None:
        """Look for workflows."""
        await self.visitor.page.goto(f"{self._namespace}/workflows?query={quote(query)}")

    async def open(self, workflow: str) -> None:
        """Go to a workflow's page, which begins with its timeline."""
        await self.visitor.page.goto(f"{self._namespace}/workflows/{workflow}")

    async def turn_to(self, tab: str) -> None:
        """Go to another tab of the workflow's page."""
        await self.visitor.page.get_by_role("tab", name=tab).click()

    @property
    def _namespace(self) -> str:
        return f"{self.desk.ui_url}/namespaces/default"

    def told(self, under: str) -> FrameLocator:
        """What stands under a heading of the metadata; the UI renders Markdown in a frame."""
        heading = self.visitor.page.get_by_role("heading", name=under, exact=True)
        return heading.locator("xpath=following::iframe[1]").content_frame


@pytest.fixture
async def clerk(desk: Desk, visitor: Visitor) -> AsyncIterator[Clerk]:
    session = await desk.begin(TASK, [function_call("issue_refund", REFUND)], [text("Done.")])
    pointer = names.approval_workflow_id(session.session_id, 1)
    waiting = await desk.slack.wait_until(
        lambda: next((call for call in people.open_calls(desk.slack) if call.request_id == pointer), None),
        timeout=30,
        what="the notice",
    )
    yield Clerk(visitor, desk, session.session_id)
    # The UI asks its maker for news, which is refused here; anything else would be a finding.
    visitor.complaints[:] = [each for each in visitor.complaints if not _is_news(each)]
    await people.deny(desk.slack, REVIEWER.id, waiting, "It was a test.")
    assert (await desk.client.wait(session.session_id)).status == "completed"


async def test_a_session_says_what_it_does_and_waits_for_and_for_whom(clerk: Clerk) -> None:
    """The timeline shows the call; the summary is the task; the current details name state, tool, people."""
    await clerk.open(clerk.session)
    await expect(clerk.visitor.page.get_by_text("issue_refund(order_id=7").first).to_be_visible()

    await clerk.turn_to("User Metadata")
    await expect(clerk.told("Summary").locator("body")).to_contain_text(TASK)
    current = clerk.told("Current Details").locator("body")
    for part in ("waiting for approval", "issue_refund", REVIEWER.id, REQUESTER.id):
        await expect(current).to_contain_text(part)


async def test_an_approval_is_found_by_its_tool_and_shows_the_exact_call(clerk: Clerk) -> None:
    """Its details hold tool, arguments and digest, its current details who may decide; no argument is markup there."""
    [waiting] = [each for each in await clerk.desk.client.approvals() if each.request_id == clerk.approval]
    assert waiting.request is not None
    [call] = waiting.request.calls

    await clerk.search('SeconderTool="issue_refund" AND SeconderState="waiting_for_approval"')
    await clerk.visitor.page.get_by_role("link", name=clerk.approval).click()
    await clerk.turn_to("User Metadata")
    await expect(clerk.told("Summary").locator("body")).to_contain_text("issue_refund(order_id=7")
    details = clerk.told("Details").locator("body")
    for part in ("issue_refund", json.dumps(HOSTILE), call.digest, TASK):
        await expect(details).to_contain_text(part)
    current = clerk.told("Current Details").locator("body")
    for part in ("issue_refund", "waiting", REVIEWER.id):
        await expect(current).to_contain_text(part)
    for told in (details, current):
        assert await told.locator("a, img, h1").count() == 0


def _is_news(complaint: str) -> bool:
    return "newsfeed.temporal.io" in complaint or "net::ERR_FAILED" in complaint
