"""A request as the model sees it: what a turn that depends on earlier outcomes reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seconder.testing.model.ids import is_assistant_item, origin_of


@dataclass(frozen=True)
class ToolOutput:
    """What the caller answered to one function call; `value` is the parsed JSON, or the text when it is none."""

    call_id: str
    name: str
    arguments: str
    text: str
    value: Any


@dataclass(frozen=True)
class ModelRequest:
    """One `POST /v1/responses`: the parsed body and its size in bytes as received."""

    body: Mapping[str, Any]
    size: int

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.body.get("model", ""))

    @property
    def instructions(self) -> str:
        """The instructions, empty when there are none."""
        return str(self.body.get("instructions") or "")

    @property
    def tools(self) -> list[str]:
        """The names of the function tools offered."""
        return [tool["name"] for tool in self.body.get("tools") or []]

    @cached_property
    def items(self) -> list[Mapping[str, Any]]:
        """The input items; an input that is a string counts as one user message."""
        given = self.body.get("input")
        if isinstance(given, str):
            return [{"type": "message", "role": "user", "content": given}]
        return [item for item in given or [] if isinstance(item, Mapping)]

    @property
    def user_messages(self) -> list[str]:
        """The text of every user message, in order."""
        return [_text_of(item.get("content")) for item in self.items if item.get("role") == "user"]

    @property
    def task(self) -> str:
        """The text of the first user message, empty when there is none."""
        return next(iter(self.user_messages), "")

    @cached_property
    def turn(self) -> int:
        """How many responses of the model the caller carried along: the place of the turn to play.

        Items that came in one response count once, whatever stands between them. An item whose ids were taken off
        belongs to the response of the item right before it.
        """
        responses: set[str] = set()
        current: str | None = None
        for place, item in enumerate(self.items):
            if not is_assistant_item(item):
                current = None
                continue
            origin = origin_of(item)
            current = origin.response if origin else current or f"before item {place}"
            responses.add(current)
        return len(responses)

    def outputs(self, name: str | None = None) -> list[ToolOutput]:
        """The outputs of function calls in the order in which they were given, of one tool or of all."""
        calls = {item["call_id"]: item for item in self.items if item.get("type") == "function_call"}
        found = []
        for item in self.items:
            if item.get("type") == "function_call_output":
                call = calls[item["call_id"]]
                text = _text_of(item["output"])
                found.append(ToolOutput(item["call_id"], call["name"], call["arguments"], text, _parsed(text)))
        return [output for output in found if name in (None, output.name)]


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))


def _parsed(text: str) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        return json.loads(text)
    except ValueError:
        return text
