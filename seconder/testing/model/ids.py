"""The ids of output items carry what the server must know later, so that it keeps no conversation.

An id is a kind and 28 hexadecimal digits: the response that it belongs to (24), the item's place in that response (2)
and the place of the item that it is paired with (2, `ff` for none). A reasoning item is paired with the item that
follows it; any other item with the nearest reasoning item before it. A server that was restarted in the middle of a
conversation can still tell which items came together and which of them were left out.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ASSISTANT_ITEMS = ("reasoning", "function_call", "message")
_PREFIXES = {"reasoning": "rs", "function_call": "fc", "message": "msg", "call": "call"}
_PATTERN = re.compile(r"^(?:rs|fc|msg|call)_([0-9a-f]{24})([0-9a-f]{2})([0-9a-f]{2})$")
_NO_PAIR = 0xFF


@dataclass(frozen=True)
class Origin:
    """Where an output item came from: its response, its place there, and the place of its pair."""

    response: str
    place: int
    pair: int | None

    def id_of(self, kind: str) -> str:
        """The id of an item, `kind` being its type, or `call` for the call id of a function call."""
        pair = _NO_PAIR if self.pair is None else self.pair
        return f"{_PREFIXES[kind]}_{self.response}{self.place:02x}{pair:02x}"

    @property
    def response_id(self) -> str:
        """The id of the response, as its body gives it."""
        return f"resp_{self.response}"


def new_origins(kinds: Sequence[str]) -> list[Origin]:
    """Place the items of a new response, given their types in order."""
    response = secrets.token_hex(12)
    return [Origin(response, place, _pair_of(kinds, place)) for place in range(len(kinds))]


def _pair_of(kinds: Sequence[str], place: int) -> int | None:
    if kinds[place] == "reasoning":
        return place + 1 if place + 1 < len(kinds) else None
    return next((before for before in range(place - 1, -1, -1) if kinds[before] == "reasoning"), None)


def origin_of(item: Mapping[str, Any]) -> Origin | None:
    """Where an input item came from; None when neither its id nor its call id was made here."""
    for value in (item.get("id"), item.get("call_id")):
        match = _PATTERN.match(value) if isinstance(value, str) else None
        if match:
            pair = int(match[3], 16)
            return Origin(match[1], int(match[2], 16), None if pair == _NO_PAIR else pair)
    return None


def is_assistant_item(item: Mapping[str, Any]) -> bool:
    """Whether the model said this; a message without a type is a message."""
    kind = item.get("type", "message")
    return kind in ASSISTANT_ITEMS and (kind != "message" or item.get("role") == "assistant")
