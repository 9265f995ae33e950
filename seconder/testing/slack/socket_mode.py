"""Socket Mode: WebSocket connections that the app opens, and envelopes that each go to one of them."""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import WSMsgType, web

from seconder.testing.slack.faults import Faults
from seconder.testing.slack.records import Json
from seconder.testing.slack.state import APP_ID, Workspace

MOST_CONNECTIONS = 10

type DisconnectReason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class NotConnectedError(Exception):
    """No connection of the app is there to take an envelope."""


@dataclass(eq=False, slots=True)
class _Connection:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    retired: bool = False
    """It takes no more envelopes, and acks that come over it still count."""

    @property
    def live(self) -> bool:
        return not self.retired and not self.socket.closed


class SocketMode:
    """The app's connections and the acks that are awaited on them."""

    def __init__(self, workspace: Workspace, faults: Faults, origin: Callable[[], str]) -> None:
        self._workspace = workspace
        self._faults = faults
        self._origin = origin
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._acks: dict[str, asyncio.Future[Json | None]] = {}
        self._sent = 0

    @property
    def connections(self) -> int:
        """How many connections take envelopes now."""
        return len(self._live())

    def open_connection(self, _args: Json) -> Json:
        """apps.connections.open: an address that works once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return {"url": f"{self._origin().replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP_ID}"}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, from hello to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or self._faults.refuse_sockets or self._faults.down is not None:
            return web.Response(status=403, text="this connection is refused")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.connections >= MOST_CONNECTIONS:
            await _disconnect(socket, "too_many_websockets")
            await socket.close()
            return socket
        connection = _Connection(socket, request.transport)
        self._connections.append(connection)
        try:
            await socket.send_json(self._hello())
            self._workspace.changed()
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take_ack(message.data)
        finally:
            self._connections.remove(connection)
            self._workspace.changed()
        return socket

    async def send(self, envelope: Json) -> Json | None:
        """Send the envelope to one connection and return the ack's payload, however late it comes."""
        live = self._live()
        if not live:
            raise NotConnectedError
        self._sent += 1
        ack: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._acks[envelope["envelope_id"]] = ack
        await live[self._sent % len(live)].socket.send_json(envelope)
        return await ack

    async def disconnect(self, reason: DisconnectReason) -> None:
        """Tell every connection that it ends, as Slack does every few hours.

        After `refresh_requested` a connection takes no more envelopes, and acks on it still count; `warning` changes
        nothing yet; `link_disabled` closes at once.
        """
        for connection in list(self._connections):
            await _disconnect(connection.socket, reason)
            if reason == "refresh_requested":
                connection.retired = True
            elif reason != "warning":
                await connection.socket.close()
        self._workspace.changed()

    def drop(self) -> None:
        """Cut every connection without a word, as a network does."""
        for connection in list(self._connections):
            connection.retired = True
            if connection.transport is not None:
                connection.transport.abort()
        self._workspace.changed()

    async def close(self) -> None:
        """Close every connection in good order."""
        for connection in list(self._connections):
            await connection.socket.close()

    def _live(self) -> list[_Connection]:
        return [connection for connection in self._connections if connection.live]

    def _take_ack(self, data: str) -> None:
        try:
            ack = json.loads(data)
        except ValueError:
            return
        waiting = self._acks.pop(str(ack.get("envelope_id")), None) if isinstance(ack, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(ack.get("payload") or None)
            self._workspace.changed()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connections,
            "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }


async def _disconnect(socket: web.WebSocketResponse, reason: DisconnectReason) -> None:
    await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
