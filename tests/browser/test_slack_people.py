"""What each visitor of the local Slack sees, and what they are told when something is out of reach."""

import pytest
from playwright.async_api import Browser, expect

from seconder.testing.slack import LocalSlack
from tests.browser.notices import client_of, post, request_for
from tests.browser.visitor import NARROW, WIDE, Visitor
from tests.slack.conftest import App, reason_modal
from workers.local import CHANNEL, REVIEWER, STRANGER


async def test_switching_to_somebody_else_hides_what_was_only_for_one(slack: LocalSlack, visitor: Visitor) -> None:
    """Ephemerals and modals are seen by the person whom they are for, and come back with that person."""
    await client_of(slack).chat_postMessage(channel=CHANNEL.id, text="for all")
    await client_of(slack).chat_postEphemeral(channel=CHANNEL.id, user=STRANGER.id, text="for Otto alone")
    await visitor.open_slack(slack, STRANGER.id)
    await expect(visitor.whispers).to_contain_text(["for Otto alone"])
    await expect(visitor.whispers).to_contain_text(["Only visible to you"])

    await visitor.act_as(REVIEWER.id)
    await expect(visitor.message("for all")).to_be_visible()
    await expect(visitor.whispers).to_have_count(0)
    trigger_id = slack.forged_submission(REVIEWER.id, callback_id="any")["trigger_id"]
    await client_of(slack).views_open(trigger_id=trigger_id, view=reason_modal())
    await expect(visitor.modal).to_be_visible()

    await visitor.open_slack(slack, STRANGER.id)
    await expect(visitor.whispers).to_have_count(1)
    await expect(visitor.modal).to_have_count(0)
    await visitor.act_as(REVIEWER.id)
    await expect(visitor.modal).to_be_visible()
    await expect(visitor.whispers).to_have_count(0)


async def test_the_page_says_when_the_app_is_away(slack: LocalSlack, visitor: Visitor) -> None:
    """The banner stands as long as no click can reach the app, and a click made then says so under the message."""
    banner = visitor.page.get_by_role("status").filter(has_text="Seconder is not connected: clicks will not reach it.")
    await post(slack, request_for({"order_id": 7}))
    await visitor.open_slack(slack, REVIEWER.id)
    await expect(banner).to_be_visible()
    notice = visitor.message("issue_refund")
    await notice.get_by_role("button", name="Approve").click()
    await expect(notice).to_contain_text("The app is not connected.")
    async with App(slack) as app:
        await expect(banner).to_be_hidden()
        await notice.get_by_role("button", name="Approve").click()
        await slack.wait_until(lambda: app.received, what="the click")
        await expect(notice).not_to_contain_text("The app is not connected.")
    await expect(banner).to_be_visible()


async def test_the_page_says_when_the_local_slack_stopped(chromium: Browser, slack: LocalSlack) -> None:
    """An open page never pretends that what it shows is how things stand."""
    visitor = await Visitor.arrive(chromium)
    await visitor.open_slack(slack, REVIEWER.id)
    await slack.stop()
    await expect(visitor.page.get_by_text("The local Slack is not running.")).to_be_visible()
    await visitor.leave()
    assert all("ERR_CONNECTION_REFUSED" in each for each in visitor.complaints)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_a_notice_can_be_read_and_decided_at_any_width(
    visitor: Visitor, slack: LocalSlack, size: dict[str, int]
) -> None:
    """Nothing is cut off or stands beside the screen: not the words, not the buttons."""
    width, height = size["width"], size["height"]
    await visitor.page.set_viewport_size({"width": width, "height": height})
    await post(slack, request_for({"order_id": 7, "reason": "x" * 150}, {"order_id": 8, "reason": "late " * 30}))
    await visitor.open_slack(slack, REVIEWER.id)
    await expect(visitor.message("issue_refund")).to_be_visible()
    assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    for control in [*await visitor.page.get_by_role("button").all(), visitor.page.get_by_label("Acting as")]:
        await control.scroll_into_view_if_needed()
        box = await control.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
        assert 0 <= box["y"] < box["y"] + box["height"] <= height
    for text in await visitor.page.locator("article .rich, article pre, article h3").all():
        assert await text.evaluate("node => node.scrollWidth - node.clientWidth") == 0


@pytest.mark.parametrize("width", [1280, 800, 420])
async def test_a_thread_opens_beside_or_over_the_channel(slack: LocalSlack, visitor: Visitor, width: int) -> None:
    """It is reached by the button on a message, covers no warning, and gives the channel back when it is closed."""
    await visitor.page.set_viewport_size({"width": width, "height": 800})
    posted = await client_of(slack).chat_postMessage(channel=CHANNEL.id, text="waits")
    await visitor.open_slack(slack, REVIEWER.id)
    button = visitor.message("waits").get_by_role("button", name="Reply in thread")
    await expect(button).to_have_css("opacity", "0")
    await visitor.message("waits").hover()
    await expect(button).to_have_css("opacity", "1")
    await button.click()
    thread = visitor.page.get_by_role("complementary", name="Thread")
    await thread.get_by_label("Reply").fill("Why?")
    await thread.get_by_role("button", name="Send").click()
    await expect(thread.get_by_role("article")).to_contain_text(["waits", "Why?"])
    [_, reply] = slack.messages(CHANNEL.id, thread_ts=posted["ts"])
    assert (reply.user, reply.text) == (REVIEWER.id, "Why?")

    banner, box = await visitor.page.locator("#banner").bounding_box(), await thread.bounding_box()
    assert banner is not None
    assert box is not None
    assert box["y"] >= banner["y"] + banner["height"] > 0
    await thread.get_by_label("Close thread").click()
    await expect(thread).to_be_hidden()
    await expect(visitor.message("waits")).to_contain_text("1 reply")
