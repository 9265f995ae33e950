"""What the workspace holds at this moment, and how to wait for it to change."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable

from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.records import (
    ApiCall,
    Delivery,
    Json,
    LocalChannel,
    LocalFile,
    LocalUser,
    LocalUserGroup,
    Message,
    Revision,
    View,
)

TEAM_ID = "T0LOCAL"
TEAM_DOMAIN = "local"
APP_ID = "A0LOCALAPP"
BOT_ID = "B0LOCALAPP"
BOT_USER_ID = "U0LOCALAPP"


class Workspace:
    """Users, channels, messages, views and files; `changed()` after each change wakes everybody who waits."""

    def __init__(
        self,
        users: Iterable[LocalUser],
        channels: Iterable[LocalChannel],
        usergroups: Iterable[LocalUserGroup],
        app_name: str,
    ) -> None:
        self.app_name = app_name
        self.users = {user.id: user for user in users}
        self.users[BOT_USER_ID] = LocalUser(BOT_USER_ID, app_name.lower(), app_name, is_bot=True)
        self.channels = {channel.id: channel for channel in channels}
        self.usergroups = {group.id: group for group in usergroups}
        self.all_messages: list[Message] = []
        self.views: list[View] = []
        self.homes: dict[str, View] = {}
        self.files: dict[str, LocalFile] = {}
        self.api_calls: list[ApiCall] = []
        self.deliveries: list[Delivery] = []
        self._last_ts = 0
        self._change = asyncio.Event()

    @property
    def app(self) -> Json:
        """The app's ids, as messages and payloads carry them."""
        return {"team_id": TEAM_ID, "app_id": APP_ID, "bot_id": BOT_ID}

    def changed(self) -> None:
        """Wake everybody who waits for a state."""
        self._change.set()
        self._change = asyncio.Event()

    @property
    def change(self) -> asyncio.Event:
        """Set at the next change; take it before looking at the state, so that no change is missed."""
        return self._change

    async def until[T](self, probe: Callable[[], T | None], timeout: float, what: str) -> T:  # noqa: ASYNC109
        """What `probe` finds, as soon as it does; `TimeoutError` says what was waited for and what is there."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := probe()):
                    await self._change.wait()
                return found
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:g} s for {what}; the workspace has:\n{self.summary()}") from None

    def summary(self) -> str:
        """What is there, a line each, for the message of a time-out."""
        messages = [
            f"  {message.channel} {message.ts} {'(ephemeral) ' if message.visible_to else ''}{message.text!r}"
            for message in self.all_messages[-12:]
        ]
        views = [f"  view {view.id} of {view.user}: {view.callback_id} ({view.state})" for view in self.views[-5:]]
        calls = [f"  {call.method}: {call.error or 'ok'}" for call in self.api_calls[-8:]]
        return "\n".join([*messages, *views, *calls]) or "  nothing"

    def new_ts(self) -> str:
        """A message timestamp, later than every earlier one."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """A fresh id of Slack's form, such as `V0…`."""
        return f"{prefix}0{secrets.token_hex(5).upper()}"

    def find_channel(self, ref: object) -> LocalChannel:
        """The channel for an id, a `#name`, or a user's id (that is the direct message with the app)."""
        if isinstance(ref, str) and ref:
            if ref in self.users and ref != BOT_USER_ID:
                return self.direct_message(ref)
            for channel in self.channels.values():
                if ref in (channel.id, channel.name, f"#{channel.name}") and not (
                    channel.is_private and not channel.app_is_member
                ):
                    return channel
        raise SlackRefusalError("channel_not_found")

    def direct_message(self, user_id: str) -> LocalChannel:
        """The direct message between the user and the app, opened when it is not yet there."""
        for channel in self.channels.values():
            if channel.direct_with == user_id:
                return channel
        channel = LocalChannel(self.new_id("D"), user_id, frozenset({user_id}), direct_with=user_id)
        self.channels[channel.id] = channel
        self.changed()
        return channel

    def add(self, message: Message) -> Message:
        """Put a message where it belongs."""
        self.all_messages.append(message)
        self.changed()
        return message

    def find_message(self, channel: str, ts: object) -> Message | None:
        """The message or ephemeral with this timestamp, unless it was deleted."""
        for message in reversed(self.all_messages):
            if message.channel == channel and message.ts == ts and not message.deleted:
                return message
        return None

    def edit(self, message: Message, *, text: str, blocks: list[Json], mark: bool) -> None:
        """Replace what a message says and keep what it said; `mark` shows it as edited."""
        message.revisions.append(Revision(message.text, message.blocks))
        message.text, message.blocks = text, blocks
        if mark:
            message.edited_ts = self.new_ts()
        self.changed()

    def messages(self, channel: str, *, thread_ts: str | None = None, seen_by: str | None = None) -> list[Message]:
        """The channel's messages oldest first, ephemerals only those of `seen_by`; with `thread_ts` one thread."""
        return [
            message
            for message in self.all_messages
            if message.channel == channel
            and not message.deleted
            and message.visible_to in (None, seen_by)
            and (thread_ts is None or thread_ts in (message.ts, message.thread_ts))
        ]

    def open_views(self, user_id: str) -> list[View]:
        """The modals that the person has open, the topmost last."""
        return [view for view in self.views if view.user == user_id and view.state == "open"]

    def find_view(self, view_id: object) -> View | None:
        """The open modal or home tab with this id."""
        for view in [*self.views, *self.homes.values()]:
            if view.id == view_id and view.state == "open":
                return view
        return None

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """The blocks with a `block_id` each and an `action_id` for each interactive element, as Slack fills them in."""
        return [self._with_ids(block) for block in blocks]

    def _with_ids(self, block: Json) -> Json:
        filled = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)[:5]}
        if block["type"] == "actions":
            filled["elements"] = [self._with_action_id(element) for element in block["elements"]]
        for name in ("accessory", "element"):
            if isinstance(block.get(name), dict) and block[name]["type"] != "image":
                filled[name] = self._with_action_id(block[name])
        return filled

    def _with_action_id(self, element: Json) -> Json:
        return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)[:5]}
