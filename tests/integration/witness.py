"""Who saw which side effect: a test learns of each at the moment it happens, from whichever process.

A tool testifies over a Unix socket, and goes on when the witness has written it down; one that holds the line goes on
when the test lets it.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from seconder import ToolContext

ADDRESS: Final = "CLERK_WITNESS"
"""The environment variable that names the socket."""


@dataclass(frozen=True)
class Seen:
    """One side effect that took place."""

    tool: str
    session_id: str
    call_id: str
    idempotency_key: str
    attempt: int


async def bear_witness(ctx: ToolContext, tool: str, *, held: bool = False) -> None:
    """Called by a tool at the point of no return."""
    seen = Seen(tool, ctx.session_id, ctx.call_id, ctx.idempotency_key, ctx.attempt)
    reader, writer = await asyncio.open_unix_connection(os.environ[ADDRESS])
    try:
        writer.write(json.dumps({**asdict(seen), "held": held}).encode() + b"\n")
        await reader.readline()
    finally:
        writer.close()


@dataclass
class Witness:
    """Every effect so far, in order."""

    effects: list[Seen] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _held: dict[str, asyncio.Event] = field(default_factory=dict)

    def of(self, session_id: str, tool: str | None = None) -> list[Seen]:
        """The effects of one session, of one tool or of all."""
        return [seen for seen in self.effects if seen.session_id == session_id and tool in (None, seen.tool)]

    async def wait_for(self, session_id: str, tool: str, number: int = 1) -> Seen:
        """The n-th effect of this tool in this session, now or as soon as there is one."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.of(session_id, tool)) >= number)
        return self.of(session_id, tool)[number - 1]

    def release(self, seen: Seen) -> None:
        """Let a tool that holds the line go on."""
        self._held[seen.call_id].set()

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one testimony."""
        try:
            told = json.loads(await reader.readline())
            held = told.pop("held")
            seen = Seen(**told)
            released = self._held.setdefault(seen.call_id, asyncio.Event())
            async with self._news:
                self.effects.append(seen)
                self._news.notify_all()
            if held:
                await _released_or_gone(released, reader)
            writer.write(b"seen\n")
        finally:
            writer.close()


@asynccontextmanager
async def witness() -> AsyncIterator[Witness]:
    """A witness that this process and its children bear_witness to."""
    # A socket's path must be short: pytest's folders may not be.
    with tempfile.TemporaryDirectory() as folder:
        async with _listening(str(Path(folder, "witness"))) as found:
            yield found


@asynccontextmanager
async def _listening(address: str) -> AsyncIterator[Witness]:
    found = Witness()
    before = os.environ.get(ADDRESS)
    server = await asyncio.start_unix_server(found.hear, address)
    os.environ[ADDRESS] = address
    try:
        yield found
    finally:
        if before is None:
            del os.environ[ADDRESS]
        else:
            os.environ[ADDRESS] = before
        server.close()


async def _released_or_gone(released: asyncio.Event, reader: asyncio.StreamReader) -> None:
    """Wait for the release, or for the end of a process that was killed while it held the line."""
    waits = [asyncio.create_task(released.wait()), asyncio.create_task(reader.read())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in waits:
        each.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
