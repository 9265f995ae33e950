"""Texts of any length in a message of limited size: whole where there is room, else cut and said so.

A message is laid out with `Part`s in it. What is short is shown whole first; what is long shares the room that is left.
Nothing is ever cut in silence.
"""

import bisect
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from approvals.block_kit import Json, size
from approvals.text import visible


@dataclass(frozen=True, slots=True)
class Part:
    """Elements of a rich text that may not fit; `whole` is None for what is too long for any message.

    `cut` gives elements of at most so many units, as counted by `size` with a comma for each, that say what is missing.
    """

    whole: list[Json] | None
    cut: Callable[[int], list[Json]]

    def wanted(self) -> int:
        """What it takes to show all of it."""
        return sys.maxsize if self.whole is None else taken(self.whole)

    def within(self, room: int) -> list[Json]:
        """All of it, or what fits."""
        return self.whole if self.whole is not None and taken(self.whole) <= room else self.cut(room)


def taken(elements: Sequence[Json]) -> int:
    """What elements take in a list, each with its comma."""
    return sum(size(element) + 1 for element in elements)


def lay_out(blocks: Sequence[Json], room: int) -> list[Json]:
    """The blocks with every part in them replaced by what fits into `room` units."""
    parts = [element for block in blocks for element in block.get("elements", ()) if isinstance(element, Part)]
    skeleton = [_filled(block, {id(part): [] for part in parts}) for block in blocks]
    rooms = share([part.wanted() for part in parts], room - size(skeleton))
    chosen = {id(part): part.within(given) for part, given in zip(parts, rooms, strict=True)}
    return [block for block in (_filled(block, chosen) for block in blocks) if block.get("elements") != []]


def share(wanted: Sequence[int], room: int) -> list[int]:
    """Divide the room: the modest get what they want, the others equal parts of the rest."""
    given = [0] * len(wanted)
    left = max(room, 0)
    for rank, index in enumerate(sorted(range(len(wanted)), key=lambda index: wanted[index])):
        given[index] = min(wanted[index], left // (len(wanted) - rank))
        left -= given[index]
    return given


def beginning(text: str, room: int) -> str:
    """The longest beginning that takes at most `room` units in a message, once it is made visible."""
    candidates = text[: max(room, 0)]
    lengths = range(1, len(candidates) + 1)
    return candidates[: bisect.bisect_right(lengths, room, key=lambda length: size(visible(candidates[:length])) - 2)]


def brief(text: str, room: int) -> str:
    """A name or an id as it is; one of absurd length is cut, and says so."""
    if size(visible(text)) - 2 <= room:
        return text
    note = f"… ({len(text):,} characters)"
    return beginning(text, room - len(note)) + note


def text_digest(text: str) -> str:
    """SHA-256 over the UTF-8 of a text, for comparing it with another copy."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _filled(block: Json, chosen: dict[int, list[Json]]) -> Json:
    if "elements" not in block:
        return block
    elements: list[Json] = []
    for element in block["elements"]:
        elements += chosen[id(element)] if isinstance(element, Part) else [element]
    return block | {"elements": elements}
