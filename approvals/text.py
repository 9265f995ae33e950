"""Text from models, data and people, made inert and visible before Slack sees it.

An approver decides by what the card shows. Characters that cannot be seen, or that reorder or fuse with others, could
make it show something else than what will run; they are spelled out, as in `⟨U+202E⟩`.
"""

import re
from collections.abc import Iterator
from typing import Final

from seconder.inert import inert

# What `inert` leaves alone by its category, and yet nobody can see: Default_Ignorable_Code_Point, blank letters, and
# spaces that are not the space.
_UNSEEN: Final = (
    (0x00A0, 0x00A0),
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0100, 0xE01EF),
)
_MARKERS: Final = {code: f"⟨U+{code:04X}⟩" for first, last in _UNSEEN for code in range(first, last + 1)}
_HARMLESS = re.compile(r"[\n\t\x20-\x7e]*")
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}")


def visible(text: str) -> str:
    """The same text with everything that cannot be seen spelled out; line feeds and tabs stay."""
    return text if _HARMLESS.fullmatch(text) else inert(text.translate(_MARKERS))


def one_line(text: str) -> str:
    """The same on one line: a line break is shown as ⏎, so that data cannot imitate a line of the card."""
    return visible(text.replace("\n", "⏎").replace("\t", "⇥"))


def mrkdwn(text: str) -> str:
    """Visible text on one line for a field that Slack parses: mentions, links and channels in it stay text."""
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(user_id: str) -> str:
    """A person in a field that Slack parses; what is no user id is shown as inert text."""
    return f"<@{user_id}>" if is_user_id(user_id) else mrkdwn(user_id)


def is_user_id(text: str) -> bool:
    """Whether Slack would resolve this as one person."""
    return _USER_ID.fullmatch(text) is not None


def pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of at most `most` UTF-16 units, cut after a line feed where one is near.

    UTF-16 because Slack's limits may count so; joined again, the pieces are the text.
    """
    start = 0
    while start < len(text):
        end = start + fitting(text[start : start + most], most)
        if end < len(text) and (line_end := text.rfind("\n", (start + end) // 2, end)) > start:
            end = line_end + 1
        yield text[start:end]
        start = end


def fitting(text: str, units: int) -> int:
    """How many characters of the text fit into so many UTF-16 units."""
    taken = 0
    for index, character in enumerate(text):
        taken += 2 if ord(character) > 0xFFFF else 1
        if taken > units:
            return index
    return len(text)
