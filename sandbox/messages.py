"""What a guest may say to the host, and nothing else."""

import json
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_NAME_MAX = 256
_COUNT_MAX = 2**53
_WITHDRAWN_MAX = 100_000


class Malformed(Exception):  # noqa: N818 - the conversation turns it into an outcome
    """The guest sent what no guest sends; the message says what."""


class SaidCall(BaseModel):
    """A call as the guest wrote it; nothing is known of its arguments but that they came out of JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1, le=_COUNT_MAX)
    tool: str = Field(max_length=_NAME_MAX)
    arguments: dict[str, Any]


class Message(BaseModel):
    """One message of a guest.

    `op` is `calls` (new calls, of which the guest waits for at least one answer; `withdrawn` are those, new or earlier,
    whose task was cancelled, so that nobody waits for them any more), `done`, `finish` (the block ends the
    session with `result`; no reply comes) or `failed`. `result` and arguments are still to be checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: str
    calls: Annotated[tuple[SaidCall, ...], Field(fail_fast=True)] = ()
    withdrawn: tuple[Annotated[int, Field(ge=1, le=_COUNT_MAX)], ...] = Field(default=(), max_length=_WITHDRAWN_MAX)
    need: int | None = None
    kept_back: tuple[Annotated[int, Field(ge=0, le=_COUNT_MAX)], str] | None = None
    result: Any = None
    error: str = Field(default="", max_length=1_000)
    message: str = Field(default="", max_length=20_000)
    traceback: str = Field(default="", max_length=40_000)
    limit: str | None = None


def read(data: bytes, *, most_calls: int) -> Message:
    """The message in these bytes; of its calls not more than `most_calls`.

    Raises:
        Malformed: there is none.
    """
    try:
        said = json.loads(data.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a message that is none: {str(error)[:200]}") from error
    # A message has room for millions of calls and mistakes: none but the first is worth a description.
    if not isinstance(said, dict) or not said.keys() <= Message.model_fields.keys():
        raise Malformed("a message that is none: it has other fields")
    if isinstance(calls := said.get("calls"), list):
        del calls[most_calls:]
    try:
        return Message.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Malformed(f"a message that is none: {where}: {first['msg']}"[:240]) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
