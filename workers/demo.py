"""`demo`: the support desk's story on real parts, from an empty folder to a summary."""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from examples.support_desk.books import Expected, check, expected_effects
from examples.support_desk.mailbox import Mailbox
from examples.support_desk.story import DENIAL_REASON, TASK, script
from seconder.client import SeconderClient
from seconder.contracts.session import SessionRequest, SessionResult
from seconder.errors import ConfigurationError
from seconder.names import session_workflow_id
from workers.dev import Ports, Running, everything
from workers.local import REQUESTER, REVIEWER
from workers.narration import Narrator, summarise
from workers.running import stop_signals
from workers.scripted_approver import ScriptedApprover
from workers.settings import Settings

APP: Final = "examples.support_desk:agent"
EXIT_UNEXPECTED: Final = 1
EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Shop:
    """Where this run of the demo keeps the shop's books and its mail."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file of the example's tools."""
        return self.folder / "shop.sqlite3"

    @property
    def mail(self) -> Path:
        """The folder of the e-mails that were sent."""
        return self.folder / "mail"


async def demo(settings: Settings, ports: Ports, console: Console, *, yes: bool) -> int:
    """Run the story; the exit code is 0 when the session completed and the shop is as it should be.

    Raises:
        ConfigurationError: `yes` was asked for with the real Slack, where only people can click.
    """
    if yes and settings.slack_bot_token:
        raise ConfigurationError("--yes clicks in the local Slack; take SLACK_BOT_TOKEN out of the environment for it.")
    shop = Shop(settings.data / "demo" / datetime.now(UTC).strftime("%Y%m%d-%H%M%S"))
    settings = settings.changed(app=(APP,))
    async with stop_signals() as stop, AsyncExitStack() as stack:
        with console.status("Starting") as status:
            mailbox = await stack.enter_async_context(Mailbox(shop.mail))
            # The tools of the example are configured as in production: by their environment.
            os.environ |= {"SUPPORT_DESK_DB": str(shop.database), "SUPPORT_DESK_SMTP_PORT": str(mailbox.port)}
            running = await stack.enter_async_context(
                everything(settings, ports, script=script(), history=shop.folder, on_progress=status.update)
            )
            status.update("Opening the shop")
            expected = await asyncio.to_thread(expected_effects, shop.database, shop.mail)
        result = await _run_session(running, shop, console, stop, yes=yes)
        if result is None:
            return EXIT_INTERRUPTED
        code = _judge(result, expected, console, yes=yes)
        if not yes and not stop.is_set():
            console.print("\nEverything stays up for you to look around. Press Ctrl-C to stop it.")
            await stop.wait()
        console.print("Stopping.")
    return code


async def _run_session(
    running: Running, shop: Shop, console: Console, stop: asyncio.Event, *, yes: bool
) -> SessionResult | None:
    """Start the session and see it to its end; None when it was interrupted."""
    client = SeconderClient(running.client)
    request = SessionRequest(agent="support-desk", task=TASK, requester=REQUESTER.id)
    session = await client.start(request)
    _say_where_to_look(running, shop, session.session_id, console)
    where = f" — click in {running.slack.page_url}?user={REVIEWER.id}" if running.slack and not yes else ""
    ending = asyncio.create_task(client.wait(session.session_id))
    telling = asyncio.create_task(Narrator(client, session.session_id, console, where).follow(ending))
    background: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait())]
    if yes and running.slack is not None:
        approver = ScriptedApprover(running.slack, REVIEWER.id, DENIAL_REASON)
        background.append(asyncio.create_task(approver.decide_all()))
    try:
        await asyncio.wait([telling, *background], return_when=asyncio.FIRST_COMPLETED)
        for task in (telling, *background):
            # Before the session's end, the approver and the narrator end only by failing: better heard than waited for.
            if task.done() and not ending.done():
                task.result()
        return ending.result() if ending.done() else None
    finally:
        for task in (ending, telling, *background):
            task.cancel()
        await asyncio.gather(ending, telling, *background, return_exceptions=True)


def _say_where_to_look(running: Running, shop: Shop, session_id: str, console: Console) -> None:
    console.print(f"\n[bold]Session {session_id}[/]")
    if running.ui_url:
        workflow = session_workflow_id(session_id)
        console.print(f"  Temporal UI  {running.ui_url}/namespaces/default/workflows/{workflow}", soft_wrap=True)
    if running.slack is not None:
        console.print(f"  Slack        {running.slack.page_url}?user={REVIEWER.id}", soft_wrap=True)
    console.print(f"  Data folder  {shop.folder.resolve()}\n", soft_wrap=True)


def _judge(result: SessionResult, expected: Expected, console: Console, *, yes: bool) -> int:
    """Print the summary and compare the shop with what should have happened to it."""
    console.print()
    summarise(result, console)
    if result.status != "completed":
        return EXIT_UNEXPECTED
    if not yes:
        return 0
    problems = check(expected, denied={expected.largest[1].order_id: DENIAL_REASON})
    for problem in problems:
        console.print(f"[red]{problem}[/]")
    if not problems:
        console.print("[green]The shop's books and its mailbox are as they should be: one refund, one e-mail.[/]")
    return EXIT_UNEXPECTED if problems else 0
