"""A call that a block makes, and what it can be answered with.

Answers are values, the denial and the expiry included: the guest turns them into exceptions that the block can catch.

    kind       what the block sees
    value      the value itself, after a JSON round trip
    failed     a `ToolError` with the type and message of the tool's own error
    refused    PermissionError: the call is outside the grant, or the tool may not be called from code
    denied     PermissionError with the reviewer's reason
    expired    TimeoutError: nobody decided in time
    pending    nothing: the block is suspended at this call
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Call(BaseModel):
    """One tool call of a block; `number` counts from 1 in the order in which the block made its calls."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    tool: str
    arguments: dict[str, JsonValue]


class ValueAnswer(BaseModel):
    """The tool returned; `value` is plain JSON (see `sandbox.guest.values.json_value` for turning objects into it)."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["value"] = "value"
    value: JsonValue


class FailedAnswer(BaseModel):
    """The tool raised; it is known not to have happened, unless `type` is `OutcomeUnknown`.

    `type` is the exception's class name. Where it names a common built-in exception (`ValueError`, `KeyError`, …)
    the block can catch it as that as well as as `ToolError`.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["failed"] = "failed"
    type: str = "ToolError"
    message: str


class RefusedAnswer(BaseModel):
    """The call is not allowed at all; nobody was asked. The block sees `PermissionError(reason)`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["refused"] = "refused"
    reason: str


class DeniedAnswer(BaseModel):
    """A reviewer said no. The block sees `PermissionError(reason)`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["denied"] = "denied"
    reason: str


class ExpiredAnswer(BaseModel):
    """Nobody decided in time. The block sees `TimeoutError(reason)`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["expired"] = "expired"
    reason: str = "the approval expired before anyone decided"


class PendingAnswer(BaseModel):
    """The answer will come later: the block suspends as soon as it can do nothing else."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["pending"] = "pending"


FinalAnswer = Annotated[
    ValueAnswer | FailedAnswer | RefusedAnswer | DeniedAnswer | ExpiredAnswer, Field(discriminator="kind")
]
Answer = Annotated[
    ValueAnswer | FailedAnswer | RefusedAnswer | DeniedAnswer | ExpiredAnswer | PendingAnswer,
    Field(discriminator="kind"),
]
