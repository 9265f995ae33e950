"""What the model says, turn by turn.

A turn is a list of output items, a `Reply` when the response does not simply complete, or a callable that is given the
request and returns either: so a turn can depend on what tools returned, or on the reason of a denial.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seconder.testing.model.request import ModelRequest


@dataclass(frozen=True)
class Text:
    """A message of text."""

    text: str


@dataclass(frozen=True)
class Refusal:
    """A message by which the model declines."""

    refusal: str


@dataclass(frozen=True)
class FunctionCall:
    """A call of a function tool; `arguments` goes out verbatim. Without a call id the server makes one."""

    name: str
    arguments: str
    call_id: str | None


@dataclass(frozen=True)
class Reasoning:
    """A reasoning item, which the caller must carry along before the item that follows it."""

    summary: str
    tokens: int


Item = Text | Refusal | FunctionCall | Reasoning


@dataclass(frozen=True)
class Reply:
    """One response: its items and how it ended.

    `reason` says why it is incomplete; `error` is the code and the message of a failure.
    """

    items: Sequence[Item] = ()
    status: Literal["completed", "incomplete", "failed"] = "completed"
    reason: Literal["max_output_tokens", "content_filter"] | None = None
    error: tuple[str, str] | None = None


Turn = Sequence[Item] | Reply | Callable[[ModelRequest], Sequence[Item] | Reply]


def text(message: str) -> Text:
    """A message, delivered as it is, also where the request asked for JSON of some schema."""
    return Text(message)


def refusal(message: str) -> Refusal:
    """A message by which the model declines the request."""
    return Refusal(message)


def function_call(
    name: str, arguments: Mapping[str, Any] | str | None = None, call_id: str | None = None
) -> FunctionCall:
    """A call of a function tool; arguments given as a string are sent verbatim, JSON or not."""
    given = arguments if isinstance(arguments, str) else json.dumps(dict(arguments or {}), ensure_ascii=False)
    return FunctionCall(name, given, call_id)


def code(source: str, purpose: str, call_id: str | None = None) -> FunctionCall:
    """A call of `execute_code` with a program and what it is for."""
    return function_call("execute_code", {"code": source, "purpose": purpose}, call_id)


def reasoning(summary: str = "", tokens: int = 64) -> Reasoning:
    """A reasoning item; `tokens` counts as reasoning tokens in the usage."""
    return Reasoning(summary, tokens)


def incomplete(reason: Literal["max_output_tokens", "content_filter"], *items: Item) -> Reply:
    """A response that was cut off, with the items that it had by then."""
    return Reply(items, "incomplete", reason=reason)


def failed(message: str, code: str = "server_error") -> Reply:
    """A response that ended in an error of the service; it leaves no items."""
    return Reply(status="failed", error=(code, message))


@dataclass(frozen=True)
class Script:
    """The turns of one kind of conversation, and which conversations it is for (`when`; by default any).

    Which turn is played follows from the request alone: the number of responses that it carries along. A retried
    request gets the same turn again, and so does one after a response that left no item to carry along.
    """

    turns: Sequence[Turn]
    when: Callable[[ModelRequest], bool] = field(default=lambda _: True)
    name: str = "script"

    def reply_to(self, request: ModelRequest) -> Reply | None:
        """The response to a request; None when the script has run out."""
        if request.turn >= len(self.turns):
            return None
        turn = self.turns[request.turn]
        said = turn(request) if callable(turn) else turn
        return said if isinstance(said, Reply) else Reply(tuple(said))
