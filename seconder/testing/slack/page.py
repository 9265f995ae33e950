"""The page for a person: its files, and a WebSocket that sends what the acting user sees after each change."""

import asyncio
import json
from collections.abc import Callable
from importlib.resources import files

from aiohttp import web

from seconder.testing.slack.records import Json, LocalChannel, LocalFile, Message, View
from seconder.testing.slack.state import BOT_USER_ID, Workspace

_ASSETS = files("seconder.testing.slack") / "page"
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


class Page:
    """Serves the page and keeps it up to date."""

    def __init__(
        self,
        workspace: Workspace,
        commands: frozenset[str],
        connected: Callable[[], bool],
        describe_file: Callable[[LocalFile], Json],
    ) -> None:
        self._workspace = workspace
        self._commands = commands
        self._connected = connected
        self._describe_file = describe_file
        self._open: set[web.WebSocketResponse] = set()

    async def index(self, _request: web.Request) -> web.Response:
        """The page itself, also for permalinks, which it resolves on its own."""
        return _asset("index.html")

    async def asset(self, request: web.Request) -> web.Response:
        """A script or stylesheet of the page."""
        return _asset(request.match_info["name"])

    async def live(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket of one open page."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._open.add(socket)
        pushing = asyncio.ensure_future(self._push(socket, request.query.get("user", "")))
        try:
            async for _ in socket:
                pass
        finally:
            self._open.discard(socket)
            pushing.cancel()
            await asyncio.gather(pushing, return_exceptions=True)
        return socket

    async def close(self) -> None:
        """Let every open page go."""
        for socket in list(self._open):
            await socket.close()

    def snapshot(self, user_id: str) -> Json:
        """Everything that the user sees, and nothing that only others see."""
        workspace = self._workspace
        channels = [channel for channel in workspace.channels.values() if channel.has(user_id)]
        home = workspace.homes.get(user_id)
        return {
            "user": user_id,
            "users": [
                {"id": user.id, "name": user.name, "real_name": user.real_name or user.name, "is_bot": user.is_bot}
                for user in workspace.users.values()
                if not user.deleted
            ],
            "usergroups": [{"id": group.id, "handle": group.handle} for group in workspace.usergroups.values()],
            "app": {"id": BOT_USER_ID, "name": workspace.app_name, "connected": self._connected()},
            "commands": sorted(self._commands),
            "channels": [_channel(channel) for channel in channels],
            "messages": {
                channel.id: [self._message(each) for each in workspace.messages(channel.id, seen_by=user_id)]
                for channel in channels
            },
            "views": [_view(view) for view in workspace.open_views(user_id)],
            "home": _view(home) if home else None,
        }

    async def _push(self, socket: web.WebSocketResponse, user_id: str) -> None:
        shown = ""
        while not socket.closed:
            change = self._workspace.change
            snapshot = json.dumps(self.snapshot(user_id))
            if snapshot != shown:
                await socket.send_str(snapshot)
                shown = snapshot
            await change.wait()

    def _message(self, message: Message) -> Json:
        described = [self._describe_file(self._workspace.files[file_id]) for file_id in message.file_ids]
        return {
            "ts": message.ts,
            "thread_ts": message.thread_ts,
            "user": message.user,
            "text": message.text,
            "blocks": message.blocks,
            "ephemeral": message.visible_to is not None,
            "edited": message.edited_ts is not None,
            "revision": len(message.revisions),
            "files": described,
        }


def _asset(name: str) -> web.Response:
    asset = _ASSETS / name
    kind = _TYPES.get(name.rpartition(".")[2])
    if kind is None or "/" in name or not asset.is_file():
        return web.Response(status=404, text="no such file")
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=asset.read_text("utf-8"), content_type=kind, charset="utf-8", headers=headers)


def _channel(channel: LocalChannel) -> Json:
    kind = "direct" if channel.direct_with else "private" if channel.is_private else "public"
    return {"id": channel.id, "name": channel.name, "kind": kind, "topic": channel.topic}


def _view(view: View) -> Json:
    shown = {name: view.content.get(name) for name in ("title", "submit", "close")}
    return {"id": view.id, "hash": view.hash, "blocks": view.blocks, "errors": view.errors, **shown}
