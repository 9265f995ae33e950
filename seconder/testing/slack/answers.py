"""How Slack's Web API says no."""

from collections.abc import Sequence
from typing import Any


class SlackRefusalError(Exception):
    """Becomes `{"ok": false, "error": …}`; never leaves the server as an exception."""

    def __init__(self, error: str, *, messages: Sequence[str] = (), **extra: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(error)
        self.error = error
        self.body: dict[str, Any] = {"ok": False, "error": error, **extra}
        if messages:
            self.body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in messages]}


def invalid_arguments(*messages: str) -> SlackRefusalError:
    """The answer to arguments of the wrong shape, saying which."""
    return SlackRefusalError("invalid_arguments", messages=messages)
