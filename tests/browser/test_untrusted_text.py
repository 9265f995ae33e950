"""What a model, a customer or a stranger wrote is text on the page, and nothing else."""

from typing import Final

import pytest
from playwright.async_api import Browser, expect

from approvals.details import details_view
from seconder.testing.slack import LocalSlack
from tests.browser.notices import client_of, post, request_for
from tests.browser.visitor import Visitor
from workers.local import CHANNEL, REQUESTER, REVIEWER, STRANGER

HTML: Final = "<img src=http://elsewhere.example/x onerror=alert(1)><script>alert(2)</script>"
SLACK: Final = f"<!channel> <@{STRANGER.id}> <https://elsewhere.example|your bank> *bold* `code` ```box``` :warning:"
BIDI: Final = "pay \u202e00.1\u202c EUR\u200b"
HOSTILE: Final = (HTML, SLACK, BIDI, "&lt;b&gt;", "[link](https://elsewhere.example)", "</pre><h1>Approved</h1>")


@pytest.fixture
async def anna(visitor: Visitor, slack: LocalSlack) -> Visitor:
    await visitor.open_slack(slack, REVIEWER.id)
    return visitor


async def test_data_in_a_notice_is_shown_as_it_is_and_does_nothing(anna: Visitor, slack: LocalSlack) -> None:
    """In the task and in arguments: every character is there to see, and none of it is markup, mention or link."""
    await post(slack, request_for(*({"reason": data} for data in HOSTILE), task="\n".join(HOSTILE)))
    notice = anna.message("issue_refund")
    for data in HOSTILE:
        await expect(notice).to_contain_text(f'reason = "{_spelled_out(data)}"')
    await expect(notice).to_contain_text("\n".join(map(_spelled_out, HOSTILE)))
    assert await notice.locator("img, script, a, h1").count() == 0
    mentioned = await notice.locator("[data-mention]").evaluate_all("all => all.map(one => one.dataset.mention)")
    assert mentioned == [REQUESTER.id, REVIEWER.id]


async def test_data_in_the_details_is_shown_as_it_is_and_does_nothing(anna: Visitor, slack: LocalSlack) -> None:
    """The details show the same characters as the notice."""
    request = request_for({f"reason_{number}": data for number, data in enumerate(HOSTILE)}, task="\n".join(HOSTILE))
    trigger_id = slack.forged_submission(REVIEWER.id, callback_id="any")["trigger_id"]
    view = details_view(request, request.calls[0], None, 0)
    await client_of(slack).views_open(trigger_id=trigger_id, view=view)
    for number, data in enumerate(HOSTILE):
        await expect(anna.modal).to_contain_text(f'reason_{number} = "{_spelled_out(data)}"')
    assert await anna.modal.locator("img, script, a, h1").count() == 0


async def test_a_message_without_blocks_is_no_markup_either(anna: Visitor, slack: LocalSlack) -> None:
    """What the app or a person writes can be formatted as in Slack, but never becomes HTML or a link that runs."""
    await client_of(slack).chat_postMessage(channel=CHANNEL.id, text=f"{HTML} <javascript:alert(3)|click me>")
    await slack.send_message(STRANGER.id, CHANNEL.id, f"I am a person. {HTML}")
    await expect(anna.message("click me")).to_contain_text("onerror=alert(1)")
    await expect(anna.message("I am a person")).to_contain_text("<script>alert(2)</script>")
    assert await anna.page.locator("#messages").locator("img, script, a").count() == 0


async def test_even_code_that_ran_in_the_page_would_reach_nobody(chromium: Browser, slack: LocalSlack) -> None:
    """The page is confined to its own server, whatever happens inside it."""
    visitor = await Visitor.arrive(chromium)
    await visitor.open_slack(slack, REVIEWER.id)
    refused = await visitor.page.evaluate(
        """async () => {
            const refused = [];
            document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
            await fetch("http://elsewhere.example/").catch(() => {});
            const picture = new Image();
            const failed = new Promise((resolve) => picture.addEventListener("error", resolve));
            picture.src = "http://elsewhere.example/x.png";
            await failed;
            return refused;
        }"""
    )
    assert refused == ["connect-src", "img-src"]
    assert all("Content Security Policy" in each for each in visitor.complaints)
    await visitor.leave()


def _spelled_out(data: str) -> str:
    return data.replace("\u202e", "⟨U+202E⟩").replace("\u202c", "⟨U+202C⟩").replace("\u200b", "⟨U+200B⟩")
