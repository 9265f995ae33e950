"""What a guest may say to the host, and nothing else."""

import json
from typing import NoReturn

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from sandbox.calls import Call


class Malformed(Exception):  # noqa: N818 - the conversation turns it into an outcome
    """The guest sent what no guest sends; the message says what."""


class Message(BaseModel):
    """One message of a guest.

    `op` is `calls` (new calls, of which the guest waits for at least one answer), `done`, `finish` (the block ends the
    session with `result`; no reply comes) or `failed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: str
    calls: tuple[Call, ...] = ()
    need: int | None = None
    kept_back: tuple[int, str] | None = None
    result: JsonValue = None
    error: str = Field(default="", max_length=1_000)
    message: str = Field(default="", max_length=20_000)
    traceback: str = Field(default="", max_length=40_000)
    limit: str | None = None


def read(data: bytes) -> Message:
    """The message in these bytes.

    Raises:
        Malformed: there is none.
    """
    try:
        return Message.model_validate(json.loads(data, parse_constant=_refuse_constant))
    except (ValueError, RecursionError, ValidationError) as error:
        raise Malformed(f"a message that is none: {str(error)[:200]}") from error


def clean(text: str) -> str:
    """Text that any JSON writer takes: a guest may send half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
