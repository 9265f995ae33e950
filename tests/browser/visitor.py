"""A person at a browser, and a record of whatever a page must not do to them."""

from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Dialog, Locator, Page, Route, ViewportSize, expect

from seconder.testing.slack import LocalSlack

WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}
NARROW: Final[ViewportSize] = {"width": 420, "height": 800}
PATIENCE: Final = 30_000
"""Milliseconds that anything may take to appear."""

expect.set_options(timeout=PATIENCE)


class Visitor:
    """Somebody with one page open; `complaints` lists dialogs, errors, other windows and requests to elsewhere."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []

    @classmethod
    async def arrive(cls, browser: Browser, size: ViewportSize = WIDE, scale: float = 1) -> "Visitor":
        """Open an empty page in a browser profile of its own; `scale` is device pixels for one of CSS."""
        context = await browser.new_context(viewport=size, device_scale_factor=scale, locale="en-GB", timezone_id="UTC")
        context.set_default_timeout(PATIENCE)
        visitor = cls(await context.new_page())
        page = visitor.page
        await context.route(_is_elsewhere, visitor._refuse)
        page.on("dialog", visitor._dismiss)
        page.on("pageerror", lambda error: visitor.complaints.append(f"error: {error}"))
        page.on("console", visitor._listen)
        page.on("popup", lambda popup: visitor.complaints.append(f"window: {popup.url}"))
        return visitor

    async def open_slack(self, slack: LocalSlack, user: str) -> None:
        """Look at the local Slack as one of its people."""
        await self.page.goto(f"{slack.page_url}?user={user}")
        await expect(self.page.get_by_label("Acting as")).to_have_value(user)

    async def act_as(self, user: str) -> None:
        """Become somebody else, by the menu on the page."""
        await self.page.get_by_label("Acting as").select_option(user)

    def message(self, text: str) -> Locator:
        """The messages that say this, and are not only for the visitor."""
        return self.page.locator("#messages article:not([data-ephemeral])", has_text=text)

    @property
    def whispers(self) -> Locator:
        """The messages that are only for the visitor."""
        return self.page.locator("#messages article[data-ephemeral]")

    @property
    def modal(self) -> Locator:
        """The modal that is open."""
        return self.page.get_by_role("dialog")

    async def leave(self) -> None:
        """Close the page."""
        await self.page.context.close()

    async def _refuse(self, route: Route) -> None:
        self.complaints.append(f"request to elsewhere: {route.request.url}")
        await route.abort()

    async def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(f"{dialog.type} dialog: {dialog.message}")
        await dialog.dismiss()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")


def _is_elsewhere(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1"
