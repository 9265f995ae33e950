"""The three steps of an upload: ask for a URL, send the bytes there, complete."""

import mimetypes
import secrets
from collections.abc import Callable, Mapping

from aiohttp import web

from seconder.testing.slack.answers import SlackRefusalError, invalid_arguments
from seconder.testing.slack.arguments import json_argument, required_argument, text_argument
from seconder.testing.slack.records import Json, LocalFile, Message
from seconder.testing.slack.state import BOT_USER_ID, Workspace


class FileMethods:
    """Takes files and shares them in channels."""

    def __init__(self, workspace: Workspace, origin: Callable[[], str]) -> None:
        self._workspace = workspace
        self._origin = origin
        self._tickets: dict[str, str] = {}

    def get_upload_url(self, args: Json) -> Json:
        """files.getUploadURLExternal"""
        name, length = required_argument(args, "filename"), text_argument(args, "length")
        if not length.isdigit() or int(length) == 0:
            raise invalid_arguments("length must be a number of bytes above 0 [json-pointer:/length]")
        file = LocalFile(self._workspace.new_id("F"), name, int(length))
        self._workspace.files[file.id] = file
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = file.id
        return {"upload_url": f"{self._origin()}/upload/v1/{ticket}", "file_id": file.id}

    async def receive(self, request: web.Request) -> web.Response:
        """The upload URL itself, which needs no token: bytes as the body, or a multipart form with one file."""
        file_id = self._tickets.get(request.match_info["ticket"])
        if file_id is None:
            return web.Response(status=404, text="no such upload")
        file = self._workspace.files[file_id]
        content = await _content(request)
        if len(content) != file.length:
            return web.Response(status=400, text=f"expected {file.length} bytes, received {len(content)}")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    def complete_upload(self, args: Json) -> Json:
        """files.completeUploadExternal"""
        entries = json_argument(args, "files", "invalid_arguments")
        if not isinstance(entries, list) or not entries:
            raise invalid_arguments("missing required field: files")
        files = [self._uploaded(entry) for entry in entries]
        channel_ids = [text_argument(args, "channel_id"), *text_argument(args, "channels").split(",")]
        channels = [self._workspace.find_channel(channel_id) for channel_id in channel_ids if channel_id]
        for channel in channels:
            if not channel.app_is_member:
                raise SlackRefusalError("not_in_channel")
            thread_ts = text_argument(args, "thread_ts") or None
            if thread_ts and self._workspace.find_message(channel.id, thread_ts) is None:
                raise SlackRefusalError("invalid_thread_ts")
            for file in files:
                file.shared_in += (channel.id,)
            self._workspace.add(
                Message(
                    channel.id,
                    self._workspace.new_ts(),
                    BOT_USER_ID,
                    text_argument(args, "initial_comment"),
                    [],
                    by_app=True,
                    thread_ts=thread_ts,
                    file_ids=tuple(file.id for file in files),
                )
            )
        return {"files": [self.describe(file) for file in files]}

    def describe(self, file: LocalFile) -> Json:
        """The file object as Slack's API carries it."""
        mimetype = mimetypes.guess_type(file.name)[0] or "text/plain"
        url = f"{self._origin()}/files/{file.id}"
        return {
            "id": file.id,
            "name": file.name,
            "title": file.title or file.name,
            "mimetype": mimetype,
            "size": file.length,
            "user": BOT_USER_ID,
            "channels": list(file.shared_in),
            "url_private": url,
            "permalink": url,
        }

    async def download(self, request: web.Request) -> web.Response:
        """A file for the page, always as plain text or a download: uploaded HTML must not run in the page's origin."""
        file = self._workspace.files.get(request.match_info["file_id"])
        if file is None or file.content is None:
            return web.Response(status=404, text="no such file")
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return web.Response(body=file.content, content_type="text/plain", charset="utf-8", headers=headers)

    def _uploaded(self, entry: object) -> LocalFile:
        file = self._workspace.files.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if file is None or file.content is None:
            raise SlackRefusalError("file_not_found")
        file.title = str(entry.get("title") or file.name) if isinstance(entry, dict) else file.name
        return file


async def _content(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""


def file_methods(files: FileMethods) -> Mapping[str, tuple[str | None, Callable[[Json], Json]]]:
    """Method name to the scope that it needs and the function that answers."""
    return {
        "files.getUploadURLExternal": ("files:write", files.get_upload_url),
        "files.completeUploadExternal": ("files:write", files.complete_upload),
    }
