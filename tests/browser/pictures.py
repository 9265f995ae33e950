"""Takes the pictures of the README: `uv run python -m tests.browser.pictures`."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, FloatRect, ViewportSize, expect

from seconder.testing.model import function_call, text
from seconder.testing.slack import LocalSlack
from tests.browser.chromium import PROGRAMS, installed, launched
from tests.browser.desk import open_desk
from tests.browser.visitor import Visitor
from workers.local import REVIEWER

WAITING_APPROVAL: Final = Path(__file__).parents[2] / "docs" / "images" / "waiting-approval.png"
SCALE: Final = 2
_RAIL: Final = 256
_WIDTH: Final = 780
_SIZE: Final[ViewportSize] = {"width": _RAIL + _WIDTH, "height": 1200}
_MARGIN: Final = 8


async def photograph(browser: Browser, slack: LocalSlack, saying: str, target: Path) -> None:
    """Save a picture of the conversation down to the end of the message that says this, as its reviewer sees it."""
    visitor = await Visitor.arrive(browser, _SIZE, SCALE)
    await visitor.open_slack(slack, REVIEWER.id)
    message = visitor.message(saying)
    await expect(message).to_have_count(1)
    box = await message.bounding_box()
    assert box is not None
    frame: FloatRect = {"x": _RAIL, "y": 0, "width": _WIDTH, "height": box["y"] + box["height"] + _MARGIN}
    await visitor.page.screenshot(path=target, clip=frame)
    await visitor.leave()


async def take_all() -> None:
    """Take the pictures from a session that really waits."""
    program = installed()
    if program is None:
        raise SystemExit(f"There is no browser: none of {', '.join(PROGRAMS)} is on the PATH.")
    with tempfile.TemporaryDirectory() as folder:
        async with open_desk(Path(folder)) as desk, launched(program) as browser:
            refunds = [
                function_call(
                    "issue_refund",
                    {
                        "order_id": owed.order_id,
                        "amount_eur": str(owed.amount_eur),
                        "reason": "Swiftway delivered late; owed under the refund policy.",
                    },
                )
                for owed in desk.expected.largest
            ]
            task = "Refund the two orders that are owed most for Swiftway's delays in September."
            await desk.begin(task, refunds, [text("Done.")])
            await desk.slack.wait_for_message(lambda message: "issue_refund" in message.all_text, timeout=30)
            await photograph(browser, desk.slack, "issue_refund", WAITING_APPROVAL)


if __name__ == "__main__":
    asyncio.run(take_all())
