"""A call, its digest, and what became of it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, JsonValue, TypeAdapter

from seconder.canonical import sha256_of
from seconder.contracts.base import Contract, Digest, Moment
from seconder.effects import Effect
from seconder.errors import ContractError
from seconder.names import EXECUTE_CODE

ARGUMENTS_MAX_BYTES: Final = 64 * 1024
"""Of a call's arguments in canonical JSON: a person has to read them."""


class Call(Contract):
    """One exact call: what a notice shows, what a digest binds, and what runs.

    `call_id` is ours and unique for ever, also when a session id is used again; the model's own id for the call is
    kept beside it, outside the digest, because the model chooses it. A code block is a call of `execute_code`.
    """

    session_id: str
    call_id: str
    agent: str
    agent_version: str
    tool: str
    tool_version: str
    arguments: dict[str, JsonValue]
    effect: Effect
    model_call_id: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of what an approval is bound to.

        Kept once computed: 64 KiB of arguments take tens of milliseconds, and a workflow asks for it all the time.
        """
        return sha256_of(
            {
                "session_id": self.session_id,
                "call_id": self.call_id,
                "agent": self.agent,
                "agent_version": self.agent_version,
                "tool": self.tool,
                "tool_version": self.tool_version,
                "arguments": self.arguments,
            }
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy that is built anew: a changed call must not keep the digest of the old one."""
        return type(self).model_validate({**self.model_dump(), **(update or {})})

    @property
    def is_block(self) -> bool:
        """Whether this is a code block and no tool."""
        return self.tool == EXECUTE_CODE


class Reviewer(Contract):
    """A person in Slack, by the ids that cannot be renamed."""

    user_id: str = Field(min_length=1, max_length=255)
    team_id: str = Field(default="", max_length=255)


class Review(Contract):
    """One person's verdict on calls of one request; `at` is when the click arrived at the gateway."""

    request_id: str = Field(min_length=1)
    digests: tuple[Digest, ...] = Field(min_length=1, max_length=32)
    verdict: Literal["approve", "deny"]
    reason: str = Field(default="", max_length=3000)
    reviewer: Reviewer
    authority: str = Field(default="", max_length=255)
    """Under which right the reviewer acted, such as `listed reviewer`."""
    at: Moment


class Decision(Contract):
    """What was decided about one call. Expired and cancelled are never denials: no person said no."""

    digest: Digest
    kind: Literal["approved", "denied", "expired", "cancelled", "automatic"]
    reason: str = Field(default="", max_length=3000)
    reviews: tuple[Review, ...] = Field(default=(), max_length=32)
    at: Moment

    @property
    def allows(self) -> bool:
        """Whether the call may run."""
        return self.kind in ("approved", "automatic")

    def holds(self, review: Review) -> bool:
        """Whether this very person said this very thing already: a second click, or one that was delivered twice."""
        said = (review.reviewer.user_id, review.verdict)
        return any((earlier.reviewer.user_id, earlier.verdict) == said for earlier in self.reviews)


class ApprovedCall(Contract):
    """What the activity of a tool receives: the stored call and the decision that lets it run."""

    call: Call
    decision: Decision

    def verified(self) -> Self:
        """This message, after a check that the decision is a yes to exactly this call.

        Raises:
            ContractError: the decision is for another call, or is not a yes.
        """
        if self.decision.digest != self.call.digest:
            raise ContractError(f"The decision for {self.call.call_id} is bound to another call's digest.")
        if self.decision.kind != "approved" or not any(
            review.verdict == "approve" and self.call.digest in review.digests for review in self.decision.reviews
        ):
            raise ContractError(f"Nobody approved {self.call.call_id}: its decision is {self.decision.kind}.")
        return self


class Succeeded(Contract):
    """The side effect happened."""

    kind: Literal["succeeded"] = "succeeded"
    result: JsonValue


class Failed(Contract):
    """The side effect is known not to have happened."""

    kind: Literal["failed"] = "failed"
    error: str


class Unknown(Contract):
    """Nobody can know whether the side effect happened; it is never run again blindly."""

    kind: Literal["unknown"] = "unknown"
    error: str


Outcome = Annotated[Succeeded | Failed | Unknown, Field(discriminator="kind")]
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class Receipt(Contract):
    """What is kept of a call that was decided: who let it run, when it ran, and what came out."""

    call_id: str
    digest: Digest
    tool: str
    tool_version: str = ""
    agent_version: str = ""
    effect: Effect
    decision: Decision
    outcome: Literal["succeeded", "failed", "unknown", "not_run"]
    outcome_digest: Digest | None = None
    attempt: int = 0
    worker: str = ""
    started_at: Moment | None = None
    finished_at: Moment | None = None


class ToolReport(Contract):
    """What the activity of a tool gives back."""

    outcome: Outcome
    attempt: int
    worker: str
    started_at: Moment
    finished_at: Moment


def outcome_digest(outcome: Outcome) -> str:
    """SHA-256 over the canonical JSON of an outcome."""
    return sha256_of(_OUTCOME.dump_python(outcome, mode="json"))


class Settlement(Contract):
    """What became of a call: what was decided and, if that let it run, what came out."""

    decision: Decision
    report: ToolReport | None = None
    at: Moment

    @property
    def outcome(self) -> Literal["succeeded", "failed", "unknown", "not_run"]:
        """The outcome in one word."""
        return self.report.outcome.kind if self.report is not None else "not_run"
