"""The few pieces of Block Kit that the cards are made of.

Every text goes through `visible` here, and none is mrkdwn: data cannot become a mention, a link or formatting because
no field that Slack parses ever holds any.
"""

import json
from typing import Any, Final, Literal

from approvals.text import is_user_id, one_line, pieces, visible

type Json = dict[str, Any]

MESSAGE_SIZE: Final = 13_000
"""Units of a message's blocks; Slack refuses one near 13,200."""
PIECE: Final = 2900
"""UTF-16 units in one text of a card; Slack's limit is 3,000."""


def size(node: object) -> int:
    """What a piece of a message counts against Slack's limit: UTF-16 units of its compact JSON."""
    return len(json.dumps(node, ensure_ascii=False, separators=(",", ":")).encode("utf-16-le")) // 2


def text(content: str, *, bold: bool = False, code: bool = False) -> Json:
    """Inert text inside a line."""
    styles = {name: True for name, wanted in (("bold", bold), ("code", code)) if wanted}
    return {"type": "text", "text": one_line(content)} | ({"style": styles} if styles else {})


def person(user_id: str) -> Json:
    """A person by name, or the text as it is when it is no user id."""
    return {"type": "user", "user_id": user_id} if is_user_id(user_id) else text(user_id, code=True)


def line(*elements: Json | str) -> Json:
    """One line of a rich text; empty texts are left out, because Slack refuses them."""
    inline = [text(element) if isinstance(element, str) else element for element in elements]
    return {"type": "rich_text_section", "elements": [element for element in inline if element.get("text") != ""]}


def boxes(content: str) -> list[Json]:
    """Text in boxes of its own, in Slack's monospace: nothing in it can look like a part of the card around it."""
    return [
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": piece}]}
        for piece in pieces(visible(content), PIECE)
    ]


def rich(block_id: str, *elements: Any) -> Json:  # noqa: ANN401 - JSON, or a part that is fitted in later
    """A block of lines and boxes."""
    return {"type": "rich_text", "block_id": block_id, "elements": list(elements)}


def plain(content: str) -> Json:
    """Text that Slack does not parse."""
    return {"type": "plain_text", "text": one_line(content)}


def header(block_id: str, content: str) -> Json:
    """The title of a message; at most 150 characters."""
    return {"type": "header", "block_id": block_id, "text": plain(content)}


def button(action_id: str, label: str, value: str, style: Literal["primary", "danger"] | None = None) -> Json:
    """A button; `value` comes back with the click and is not to be trusted."""
    return {"type": "button", "action_id": action_id, "text": plain(label), "value": value} | (
        {"style": style} if style else {}
    )


def actions(block_id: str, *buttons: Json) -> Json:
    """A row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}
