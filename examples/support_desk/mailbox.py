"""A mail server on loopback that keeps every message as an `.eml` file, so that the demo's e-mails can be read."""

import asyncio
import errno
import time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from seconder import ServiceError

_HOST = "127.0.0.1"


class Mailbox:
    """Takes every message for anybody and writes it to `folder` while it is entered.

    Raises `ServiceError` on entering when the port is taken; port 0 takes a free one.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self._numbers = count()
        self._connections: WeakSet[SMTP] = WeakSet()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._server = await asyncio.get_running_loop().create_server(self._connect, _HOST, self.port)
        except OSError as error:
            used = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror
            raise ServiceError(f"The mailbox cannot listen on {_HOST}:{self.port}: {used}.") from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
            for connection in list(self._connections):
                if connection.transport:
                    connection.transport.close()
            await self._server.wait_closed()

    def messages(self) -> list[EmailMessage]:
        """The messages so far, the oldest first."""
        return read_messages(self.folder)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd with each message; answers once the message is on disk."""
        content = envelope.original_content or b""
        name = f"{time.time_ns():020d}-{next(self._numbers):04d}.eml"
        await asyncio.to_thread(_write, self.folder / name, content)
        return "250 Kept"

    def _connect(self) -> SMTP:
        # Without a host name aiosmtpd asks the DNS for it, which can block for seconds.
        connection = SMTP(self, hostname="localhost", loop=asyncio.get_running_loop())
        self._connections.add(connection)
        return connection


def read_messages(folder: Path) -> list[EmailMessage]:
    """The messages that a mailbox has kept in a folder, the oldest first, with lines that end as Python's do."""
    parser = BytesParser(EmailMessage, policy=policy.default)
    kept = (path.read_bytes().replace(b"\r\n", b"\n") for path in sorted(folder.glob("*.eml")))
    return [parser.parsebytes(content) for content in kept]


def _write(path: Path, content: bytes) -> None:
    # A reader must never find half a message under its final name.
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.rename(path)
