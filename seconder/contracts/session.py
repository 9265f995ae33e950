"""A session from outside: the request that starts it, the state that can be asked for, and the result."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from seconder.contracts.base import Contract, Moment
from seconder.contracts.block_settings import SECONDS_MAX
from seconder.contracts.calls import Receipt
from seconder.contracts.definitions import AgentDefinition, SessionLimits
from seconder.contracts.workspaces import WorkspaceFile, WorkspacePath

TASK_MAX_BYTES = 100_000
"""Of UTF-8; a task or a message that is longer belongs into a tool that reads it."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,255}$")]
"""What stands in a search attribute: a longer value would make every task of the workflow fail."""


class SessionRequest(Contract):
    """The input of the workflow `AgentSession`; any Temporal client can send it as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: Name
    task: Text
    requester: Name
    """On whose behalf the session runs: a Slack user id."""
    output_schema: dict[str, Any] | None = None
    """A JSON Schema that the final answer must obey; without one the answer is text."""
    limits: SessionLimits | None = None
    """Narrower or wider than the agent's own."""
    idle_seconds: float = Field(default=0, ge=0, le=SECONDS_MAX)
    """How long to wait for a further message after an answer; 0 ends the session with the answer."""


class Message(Contract):
    """The input of the signal `message`: text for the model's next turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text
    sender: str = Field(default="", max_length=255)


class CancelCall(Contract):
    """The input of the signal `cancel_call`: take back one call that still waits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call_id: Text
    reason: str = Field(default="", max_length=3000)


class Usage(Contract):
    """What a session cost so far, in tokens and calls."""

    model_requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    blocks: int = 0
    tool_calls: int = 0

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        fields = type(self).model_fields
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in fields})


SessionStatus = Literal[
    "starting",
    "thinking",
    "running_block",
    "calling_tool",
    "waiting_for_approval",
    "waiting_for_message",
    "completed",
    "refused",
    "incomplete",
    "limit_reached",
    "cancelled",
    "failed",
]


class Waiting(Contract):
    """One request that the session waits for."""

    request_id: str
    tools: tuple[str, ...]
    call_ids: tuple[str, ...]
    reviewers: tuple[str, ...]
    since: Moment
    expires_at: Moment


class SessionState(Contract):
    """The answer to the query `state`."""

    session_id: str
    agent: str
    agent_version: str
    requester: str
    task: str
    status: SessionStatus
    turn: int
    usage: Usage
    waiting: tuple[Waiting, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    started_at: Moment
    deadline: Moment


class SessionResult(Contract):
    """How a session ended.

    `completed`: the model gave a final answer, in the shape of the schema if there was one. `refused`: the model
    declined. `incomplete`: no acceptable answer came (`error` says why). `limit_reached`: `error` names the limit.
    """

    status: Literal["completed", "refused", "incomplete", "limit_reached"]
    output: JsonValue = None
    error: str = ""
    usage: Usage
    receipts: tuple[Receipt, ...] = ()


EntryKind = Literal[
    "task", "message", "model", "block", "call", "refused_call", "decision", "outcome", "answer", "limit", "error"
]


class Entry(Contract):
    """One line of a session's transcript; `kind` says what happened, `call_id` to which call.

    `text` is what a person reads; `detail` holds the figures and values of that kind of entry.
    """

    kind: EntryKind
    at: Moment
    text: str
    call_id: str = ""
    detail: dict[str, JsonValue] = Field(default_factory=dict)


class SessionCarry(Contract):
    """All that a session takes along when it continues as new, so that its history stays short."""

    definition: AgentDefinition
    started_at: Moment
    items: tuple[dict[str, Any], ...] = ()
    transcript: tuple[Entry, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    usage: Usage = Usage()
    turn: int = 0
    requests: int = 0
    calls: int = 0
    corrections: int = 0
    messages: tuple[Message, ...] = ()
    workspace: dict[WorkspacePath, WorkspaceFile] = Field(default_factory=dict)
