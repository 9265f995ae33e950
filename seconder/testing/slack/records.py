"""The things a workspace is made of: people, channels, messages, views, files, and the log of API calls."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LocalUser:
    """A person (or another app's bot) in the workspace; `id` is what Slack calls a stable user id, `U…`."""

    id: str
    name: str
    real_name: str = ""
    email: str | None = None
    is_bot: bool = False
    deleted: bool = False
    tz: str = "Etc/UTC"


@dataclass(frozen=True, slots=True)
class LocalChannel:
    """A channel; `members=None` means that every user is in it."""

    id: str
    name: str
    members: frozenset[str] | None = None
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    app_is_member: bool = True
    direct_with: str | None = None

    def has(self, user_id: str) -> bool:
        """Whether the user is in the channel."""
        return self.members is None or user_id in self.members


@dataclass(frozen=True, slots=True)
class LocalUserGroup:
    """A user group (`S…`), mentioned as `@handle`."""

    id: str
    handle: str
    users: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message said before an edit."""

    text: str
    blocks: list[Json]


@dataclass(slots=True)
class Message:
    """One message as it stands; `revisions` holds what it said before, oldest first.

    An ephemeral message is one with `visible_to` set: nobody else sees it, and the API cannot change it.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    by_app: bool = False
    thread_ts: str | None = None
    visible_to: str | None = None
    file_ids: tuple[str, ...] = ()
    metadata: Json | None = None
    edited_ts: str | None = None
    deleted: bool = False
    revisions: list[Revision] = field(default_factory=list)

    @property
    def all_text(self) -> str:
        """Every text in the message, one a line: what a predicate of `wait_for_message` looks into."""
        return "\n".join([self.text, *_texts(self.blocks)])

    @property
    def elements(self) -> list[Json]:
        """The interactive elements (those with an `action_id`), each with its block's `block_id` added."""
        return list(interactive_elements(self.blocks))

    def to_api(self, app: Json) -> Json:
        """The message as Slack's API and payloads carry it."""
        body: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": app["team_id"]}
        if self.by_app:
            body |= {"bot_id": app["bot_id"], "app_id": app["app_id"]}
        if self.blocks:
            body["blocks"] = self.blocks
        if self.thread_ts:
            body["thread_ts"] = self.thread_ts
        if self.metadata:
            body["metadata"] = self.metadata
        if self.edited_ts:
            body["edited"] = {"user": self.user, "ts": self.edited_ts}
        return body


@dataclass(slots=True)
class View:
    """A modal or an App Home tab that one person has before them."""

    id: str
    user: str
    content: Json
    hash: str
    state: Literal["open", "submitted", "closed"] = "open"
    root_id: str = ""
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def callback_id(self) -> str:
        """The `callback_id` that the app gave it, or the empty string."""
        return str(self.content.get("callback_id", ""))

    @property
    def blocks(self) -> list[Json]:
        """The view's blocks."""
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def all_text(self) -> str:
        """Every text in the view, one a line."""
        return "\n".join(_texts(self.content))

    @property
    def elements(self) -> list[Json]:
        """The interactive elements, each with its block's `block_id` added."""
        return list(interactive_elements(self.blocks))


@dataclass(slots=True)
class LocalFile:
    """An uploaded file; `content` is None until the upload URL was used."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    shared_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the Web API, with the token left out; `error` is None when Slack answered `ok`."""

    method: str
    args: Json
    at: float
    error: str | None


type DeliveryState = Literal["waiting", "acked", "timed_out", "not_connected", "failed", "refused"]


@dataclass(slots=True)
class Delivery:
    """What became of one payload on its way to the app, and what the acting person reads about it.

    `shown` is empty when all is well. `errors` are texts under fields of a modal, by block id. `refused` means that
    Slack's own client stopped the person and nothing was sent.
    """

    kind: Literal["interactive", "slash_commands", "events_api"]
    payload: Json
    envelope_id: str = ""
    state: DeliveryState = "waiting"
    shown: str = ""
    response: Json | None = None
    attempts: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def acked(self) -> bool:
        """Whether the app acknowledged it in time."""
        return self.state == "acked"

    @property
    def trigger_id(self) -> str:
        """The payload's trigger id, or the empty string."""
        return str(self.payload.get("trigger_id", ""))


@dataclass(frozen=True, slots=True)
class Timings:
    """Slack's time limits in seconds; tests shorten them instead of waiting."""

    ack: float = 3.0
    trigger: float = 3.0
    response_url: float = 30 * 60
    response_url_uses: int = 5
    redeliveries: int = 0
    """How often an unacked payload is sent again; Slack itself does so for events, three times."""


def interactive_elements(blocks: list[Json]) -> Iterator[Json]:
    """The elements of blocks that a person can act on, in reading order."""
    for block in blocks:
        inner = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for element in inner:
            if isinstance(element, dict) and "action_id" in element:
                yield {**element, "block_id": block.get("block_id", "")}


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
