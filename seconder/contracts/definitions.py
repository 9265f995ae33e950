"""An agent as it is pinned in a session's history, so that a later deployment cannot change a running session."""

from typing import Any, Literal

from pydantic import Field

from seconder.contracts.base import Contract
from seconder.contracts.block_settings import BlockSettings, PositiveSeconds
from seconder.effects import Effect
from seconder.names import TOOLS_QUEUE


class ToolSpec(Contract):
    """A tool without its code.

    `version` is the author's version and a fingerprint of the signature and the effect: a tools worker with another
    one refuses the call. `stub` is the typed Python signature that the model reads.
    """

    name: str
    version: str
    effect: Effect
    description: str
    arguments_schema: dict[str, Any]
    stub: str
    timeout_seconds: PositiveSeconds
    attempts: int = Field(ge=1)


class SessionLimits(Contract):
    """Where a session ends although the model would go on.

    `wall_clock_seconds` counts from the start and includes waiting for people. `tokens` are input and output together.
    """

    turns: int = Field(default=40, ge=1, le=1000)
    tokens: int = Field(default=500_000, ge=1)
    wall_clock_seconds: PositiveSeconds = 7 * 24 * 3600.0


class ReviewPolicy(Contract):
    """Who may decide, and for how long a request stays open."""

    reviewers: tuple[str, ...] = Field(min_length=1)
    """Slack user ids."""
    expires_after_seconds: PositiveSeconds = 24 * 3600.0


class AgentDefinition(Contract):
    """Everything that a session needs to know of its agent."""

    kind: Literal["agent"] = "agent"
    name: str
    version: str
    instructions: str
    model: str
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    tools: tuple[ToolSpec, ...]
    blocks: BlockSettings
    limits: SessionLimits
    policy: ReviewPolicy
    tools_queue: str = TOOLS_QUEUE

    def tool(self, name: str) -> ToolSpec | None:
        """The pinned tool of this name, if the agent has it."""
        return next((spec for spec in self.tools if spec.name == name), None)

    def side_effects(self) -> tuple[ToolSpec, ...]:
        """The tools of which each call is asked for, whether the model makes it or code does."""
        return tuple(spec for spec in self.tools if spec.effect.side_effecting)

    def reads(self) -> tuple[ToolSpec, ...]:
        """The tools that only code in a block may call."""
        return tuple(spec for spec in self.tools if not spec.effect.side_effecting)
