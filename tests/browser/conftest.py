"""A local Slack with the people of the demo, and visitors of its page."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from seconder.testing.slack import LocalSlack
from tests.browser.desk import Desk, open_desk
from tests.browser.visitor import Visitor
from workers.local import CHANNEL, REQUESTER, REVIEWER, STRANGER


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack(users=[REQUESTER, REVIEWER, STRANGER], channels=[CHANNEL]) as running:
        yield running


@pytest.fixture
async def visitor(chromium: Browser) -> AsyncIterator[Visitor]:
    """Somebody who has nothing to complain of when the test ends; whom they visit must come first, and go last."""
    somebody = await Visitor.arrive(chromium)
    yield somebody
    await somebody.leave()
    assert somebody.complaints == []


@pytest.fixture(scope="package")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """One desk for all tests that start sessions."""
    async with open_desk(tmp_path_factory.mktemp("desk")) as running:
        yield running
