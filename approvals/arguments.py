"""The arguments of a call, and other long texts, as an approver reads them: whole, or said to be cut."""

import json
from typing import Final

from pydantic import JsonValue

from approvals.block_kit import MESSAGE_SIZE, PIECE, Json, boxes, line, size, text
from approvals.fitting import Part, beginning, taken, text_digest
from approvals.text import visible
from seconder.canonical import canonical_json, sha256_of
from seconder.contracts.calls import Call

SHORT: Final = 160
"""Characters of a value that still stands in one row with its name."""
_BOX: Final = size(boxes("x")[0])


def arguments_in_full(call: Call) -> list[Json]:
    """Every argument of a call, whole: a row each for the short ones, then a box each for the long ones."""
    rows, long = _sorted_by_length(call)
    shown = boxes("\n".join(rows)) if rows else []
    for name, value in long:
        shown += [line(text(name, bold=True), f": {described(value)}"), *boxes(readable(value))]
    return shown or [line("No arguments.")]


def arguments_part(call: Call, *, shown_whole_by: str) -> Part:
    """The arguments for a message of limited size; `shown_whole_by` says where the whole can be read."""
    too_long = len(canonical_json(dict(call.arguments))) > MESSAGE_SIZE
    whole = None if too_long else arguments_in_full(call)
    return Part(whole, lambda room: _cut_arguments(call, room, shown_whole_by))


def text_part(label: str, content: str, *, shown_whole_by: str) -> Part:
    """A long text under a label; when it is cut, its length is told."""

    def cut(room: int) -> list[Json]:
        head = line(f"{label}: cut, {len(content):,} characters. {shown_whole_by} has the whole.")
        return [head, *boxes(beginning(content, _inside_boxes(room - taken([head]))))]

    return Part(None if len(content) > MESSAGE_SIZE else [line(text(label, bold=True)), *boxes(content)], cut)


def readable(value: JsonValue) -> str:
    """A value as a person reads it: text as it is, everything else as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def compact(value: JsonValue) -> str:
    """A value as JSON on one line; text keeps its quotes, so that `"50"` and `50` look different."""
    return json.dumps(value, ensure_ascii=False)


def described(value: JsonValue) -> str:
    """What a long value is, and how long."""
    if isinstance(value, str):
        lines = value.count("\n") + 1
        return f"text, {len(value):,} characters" + (f", {lines:,} lines" if lines > 1 else "")
    length = f"{len(readable(value)):,} characters as JSON"
    if isinstance(value, list):
        return f"list of {len(value):,}, {length}"
    return f"object of {len(value):,}, {length}" if isinstance(value, dict) else f"number, {length}"


def _inside_boxes(room: int) -> int:
    """The room for text once the boxes that it will stand in are paid for; each is at least half full."""
    return room - (2 * max(room, 0) // PIECE + 1) * (_BOX + 1)


def _sorted_by_length(call: Call) -> tuple[list[str], list[tuple[str, JsonValue]]]:
    rows: list[str] = []
    long: list[tuple[str, JsonValue]] = []
    for name, value in call.arguments.items():
        shown_name = name if name.isidentifier() else compact(name)
        in_a_row = compact(value)
        is_code = call.is_block and name == "code"
        if (
            is_code
            or len(in_a_row) > SHORT
            or len(visible(in_a_row)) > SHORT
            or (isinstance(value, str) and "\n" in value)
        ):
            long.append((shown_name, value))
        else:
            rows.append(f"{shown_name} = {in_a_row}")
    return rows, long


def _cut_arguments(call: Call, room: int, shown_whole_by: str) -> list[Json]:
    arguments = dict(call.arguments)
    note = line(
        f"Cut: {len(arguments):,} arguments, {len(canonical_json(arguments)):,} bytes, "
        f"SHA-256 {sha256_of(arguments)}. {shown_whole_by} has the whole."
    )
    left = room - taken([note])
    rows, long = _sorted_by_length(call)
    shown: list[Json] = []
    fitting = _as_many_as_fit(rows, _inside_boxes(left))
    if fitting:
        shown = boxes("\n".join(fitting))
        left -= taken(shown)
    for rank, (name, value) in enumerate(long):
        start = _begin(name, value, left // (len(long) - rank))
        shown += start
        left -= taken(start)
    return [note, *shown]


def _begin(name: str, value: JsonValue, room: int) -> list[Json]:
    content = readable(value)
    label = line(text(name, bold=True), f": {described(value)}")
    if len(content) <= room and taken(whole := [label, *boxes(content)]) <= room:
        return whole
    head = line(text(name, bold=True), f": {described(value)}, SHA-256 {text_digest(content)}, begins:")
    start = beginning(content, _inside_boxes(room - taken([head])))
    return [head, *boxes(start)] if start else []


def _as_many_as_fit(rows: list[str], room: int) -> list[str]:
    fitting: list[str] = []
    for row in rows:
        room -= size(visible(row))
        if room < 0:
            break
        fitting.append(row)
    return fitting
