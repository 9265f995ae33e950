"""`response_url`: lets an app answer what a person did, five times within half an hour, without a token."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.methods_chat import ChatMethods
from seconder.testing.slack.records import Json, Message, Timings
from seconder.testing.slack.state import BOT_USER_ID, Workspace


@dataclass(slots=True)
class _Use:
    channel: str
    user: str
    source: Message | None
    issued_at: float
    left: int


class ResponseUrls:
    """Issues response URLs and answers what is POSTed to them."""

    def __init__(self, workspace: Workspace, chat: ChatMethods, timings: Timings, origin: Callable[[], str]) -> None:
        self._workspace = workspace
        self._chat = chat
        self._timings = timings
        self._origin = origin
        self._issued: dict[str, _Use] = {}

    def issue(self, channel: str, user: str, source: Message | None) -> str:
        """A fresh URL for what the person did in the channel, on the message `source` if it was on one."""
        ticket = secrets.token_urlsafe(16)
        self._issued[ticket] = _Use(channel, user, source, time.monotonic(), self._timings.response_url_uses)
        return f"{self._origin()}/actions/{ticket}"

    async def handle(self, request: web.Request) -> web.Response:
        """One use of a response URL."""
        use = self._issued.get(request.match_info["ticket"])
        if use is None or time.monotonic() - use.issued_at >= self._timings.response_url:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if use.left <= 0:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        try:
            body = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        if not isinstance(body, dict):
            return web.Response(status=400, text="invalid_payload")
        use.left -= 1
        try:
            self.respond(use.channel, use.user, use.source, body)
        except SlackRefusalError as refusal:
            return web.json_response(refusal.body, status=400 if refusal.error == "invalid_blocks" else 200)
        return web.json_response({"ok": True})

    def respond(self, channel: str, user: str, source: Message | None, body: Json) -> None:
        """Do what the body says: delete or replace the message that was acted on, or post a new one."""
        if body.get("delete_original") and source is not None:
            source.deleted = True
            self._workspace.changed()
            return
        text, blocks = self._chat.content(body)
        if body.get("replace_original") and source is not None:
            self._workspace.edit(source, text=text, blocks=blocks, mark=not blocks)
            return
        self._workspace.add(
            Message(
                channel,
                self._workspace.new_ts(),
                BOT_USER_ID,
                text,
                blocks,
                by_app=True,
                thread_ts=str(body["thread_ts"]) if body.get("thread_ts") else None,
                visible_to=None if body.get("response_type") == "in_channel" else user,
            )
        )
