"""The `chat.*` methods: messages in channels and threads, edits, and ephemerals to one person."""

from collections.abc import Callable, Mapping

from seconder.testing.slack.answers import SlackRefusalError, invalid_arguments
from seconder.testing.slack.arguments import json_argument, text_argument
from seconder.testing.slack.blocks import MOST_TEXT_CHARACTERS, check_message_blocks
from seconder.testing.slack.records import Json, LocalChannel, Message
from seconder.testing.slack.state import BOT_USER_ID, Workspace


class ChatMethods:
    """Writes to the workspace as the app's bot user."""

    def __init__(self, workspace: Workspace, scopes: frozenset[str], permalink: Callable[[Message], str]) -> None:
        self._workspace = workspace
        self._scopes = scopes
        self._permalink = permalink

    def post_message(self, args: Json) -> Json:
        """chat.postMessage"""
        channel = self._writable(args)
        text, blocks = self.content(args)
        thread_ts = self._thread(channel, args)
        message = self._workspace.add(
            Message(
                channel.id,
                self._workspace.new_ts(),
                BOT_USER_ID,
                text,
                blocks,
                by_app=True,
                thread_ts=thread_ts,
                metadata=_metadata(args),
            )
        )
        return {"channel": channel.id, "ts": message.ts, "message": message.to_api(self._workspace.app)}

    def post_ephemeral(self, args: Json) -> Json:
        """chat.postEphemeral"""
        channel = self._writable(args)
        user = text_argument(args, "user")
        if user not in self._workspace.users or not channel.has(user):
            raise SlackRefusalError("user_not_in_channel")
        text, blocks = self.content(args)
        message = self._workspace.add(
            Message(
                channel.id,
                self._workspace.new_ts(),
                BOT_USER_ID,
                text,
                blocks,
                by_app=True,
                thread_ts=self._thread(channel, args),
                visible_to=user,
            )
        )
        return {"message_ts": message.ts}

    def update(self, args: Json) -> Json:
        """chat.update"""
        message = self._own(args, "cant_update_message")
        text, blocks = text_argument(args, "text"), message.blocks
        if args.get("blocks") is not None:
            blocks = self._blocks(args)
        elif text:
            # Slack drops the blocks when only text is given: buttons of an answered question vanish that way.
            blocks = []
        if not text and not blocks:
            raise SlackRefusalError("no_text")
        if len(text) > MOST_TEXT_CHARACTERS:
            raise SlackRefusalError("msg_too_long")
        # Slack shows "(edited)" only on messages that are rendered from text.
        self._workspace.edit(message, text=text or message.text, blocks=blocks, mark=not blocks)
        if (metadata := _metadata(args)) is not None:
            message.metadata = metadata
        return {
            "channel": message.channel,
            "ts": message.ts,
            "text": message.text,
            "message": message.to_api(self._workspace.app),
        }

    def delete(self, args: Json) -> Json:
        """chat.delete"""
        message = self._own(args, "cant_delete_message")
        message.deleted = True
        self._workspace.changed()
        return {"channel": message.channel, "ts": message.ts}

    def get_permalink(self, args: Json) -> Json:
        """chat.getPermalink"""
        channel = self._workspace.find_channel(args.get("channel"))
        message = self._workspace.find_message(channel.id, args.get("message_ts"))
        if message is None or message.visible_to is not None:
            raise SlackRefusalError("message_not_found")
        return {"channel": channel.id, "permalink": self._permalink(message)}

    def content(self, args: Json) -> tuple[str, list[Json]]:
        """The text and blocks of a message, both checked."""
        text = text_argument(args, "text")
        blocks = self._blocks(args)
        if not text and not blocks:
            raise SlackRefusalError("no_text")
        if len(text) > MOST_TEXT_CHARACTERS:
            raise SlackRefusalError("msg_too_long")
        return text, blocks

    def _blocks(self, args: Json) -> list[Json]:
        blocks = json_argument(args, "blocks", "invalid_blocks_format")
        return self._workspace.with_ids(check_message_blocks(blocks)) if blocks is not None else []

    def _writable(self, args: Json) -> LocalChannel:
        channel = self._workspace.find_channel(args.get("channel"))
        if channel.is_archived:
            raise SlackRefusalError("is_archived")
        may_post_anywhere = "chat:write.public" in self._scopes and not channel.is_private
        if not channel.app_is_member and not may_post_anywhere:
            raise SlackRefusalError("not_in_channel")
        return channel

    def _thread(self, channel: LocalChannel, args: Json) -> str | None:
        if not (thread_ts := text_argument(args, "thread_ts")):
            return None
        # Stricter than Slack, which posts into the void: a reply to a thread that is not there is always a mistake.
        parent = self._workspace.find_message(channel.id, thread_ts)
        if parent is None:
            raise SlackRefusalError("thread_not_found")
        return parent.thread_ts or parent.ts

    def _own(self, args: Json, error_when_not: str) -> Message:
        channel = self._workspace.channels.get(text_argument(args, "channel"))
        if channel is None:
            raise SlackRefusalError("channel_not_found")
        message = self._workspace.find_message(channel.id, args.get("ts"))
        if message is None or message.visible_to is not None:
            raise SlackRefusalError("message_not_found")
        if not message.by_app:
            raise SlackRefusalError(error_when_not)
        return message


def _metadata(args: Json) -> Json | None:
    metadata = json_argument(args, "metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackRefusalError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise invalid_arguments("missing required field: event_payload [json-pointer:/metadata]")
    return metadata


def chat_methods(chat: ChatMethods) -> Mapping[str, tuple[str | None, Callable[[Json], Json]]]:
    """Method name to the scope that it needs and the function that answers."""
    return {
        "chat.postMessage": ("chat:write", chat.post_message),
        "chat.postEphemeral": ("chat:write", chat.post_ephemeral),
        "chat.update": ("chat:write", chat.update),
        "chat.delete": ("chat:write", chat.delete),
        "chat.getPermalink": (None, chat.get_permalink),
    }
