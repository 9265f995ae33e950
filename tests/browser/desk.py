"""The support desk of the example at work: all processes, with an empty mailbox and a shop of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.support_desk.books import Expected, expected_effects
from examples.support_desk.mailbox import Mailbox
from examples.support_desk.story import script
from seconder.client import SeconderClient
from seconder.contracts.session import SessionRequest
from seconder.testing.model import Script, ScriptedModel
from seconder.testing.model.script import Turn
from seconder.testing.slack import LocalSlack
from seconder.views import SessionHandle
from workers.dev import Ports, everything
from workers.local import REQUESTER
from workers.settings import Settings

ANY_PORTS = Ports(temporal=0, ui=0, slack=0, model=0)
_OF_THE_MACHINE = ("SECONDER_", "TEMPORAL_", "SLACK_", "OPENAI_")


@dataclass(frozen=True)
class Desk:
    """What is up; `expected` is what the demo's story will have done to the shop."""

    client: SeconderClient
    slack: LocalSlack
    model: ScriptedModel
    ui_url: str
    expected: Expected

    async def begin(self, task: str, *turns: Turn) -> SessionHandle:
        """Start a session; without turns the model plays the demo's story."""
        if turns:
            self.model.add(Script(turns, when=lambda request: task in request.task, name=task))
        return await self.client.start(SessionRequest(agent="support-desk", task=task, requester=REQUESTER.id))


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    """Run the desk on free ports while the context is open; it keeps its files in `folder`."""
    database, mail = folder / "shop.sqlite3", folder / "mail"
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(_OF_THE_MACHINE)]:
            environment.delenv(name)
        async with Mailbox(mail) as mailbox:
            environment.setenv("SUPPORT_DESK_DB", str(database))
            environment.setenv("SUPPORT_DESK_SMTP_PORT", str(mailbox.port))
            settings = Settings().changed(app=("examples.support_desk:agent",), data=folder)
            async with everything(settings, ANY_PORTS, script=script()) as running:
                assert running.slack is not None
                assert running.model is not None
                expected = await asyncio.to_thread(expected_effects, database, mail)
                client = SeconderClient(running.client)
                yield Desk(client, running.slack, running.model, running.ui_url, expected)
