"""A code block on its way through a session: what was found in it, what runs, what it waits for, and what came back."""

from typing import Any, Literal

from pydantic import Field, JsonValue

from seconder.contracts.base import Contract
from seconder.contracts.block_settings import BlockSettings, Domain, Mount
from seconder.contracts.calls import Call, Decision, Settlement
from seconder.contracts.definitions import ToolSpec
from seconder.contracts.workspaces import WorkspaceChanges, WorkspaceFile, WorkspacePath


class BlockFacts(Contract):
    """What the check of a block found, for the approver and for the grant.

    `tools` is the grant: at run time a call of anything else is refused, whatever name it came by.
    """

    purpose: str = ""
    """What the model says that the block is for; shown as the model's words."""
    tools: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    """Those of `tools` that read sensitive data."""
    side_effects: tuple[str, ...] = ()
    """Those of `tools` of which each call stops the block until a person approved it."""
    dynamic: bool = False
    """Whether the code computes the name of a tool it calls."""
    mounts: tuple[Mount, ...] = ()
    domains: tuple[Domain, ...] = ()
    settings: BlockSettings | None = None
    """The limits under which the block will run."""

    def reach(self) -> dict[str, JsonValue]:
        """What the block may use, as it stands in the arguments of its call: its approval is bound to this."""
        reach: dict[str, JsonValue] = {"tools": list(self.tools)}
        if self.mounts:
            reach["mounts"] = [mount.model_dump(mode="json") for mount in self.mounts]
        if self.domains:
            reach["domains"] = [domain.model_dump(mode="json") for domain in self.domains]
        return reach

    @property
    def harmless(self) -> bool:
        """Whether the block can do no more than call unrestricted reads, by names that stand in it."""
        return not (self.sensitive or self.side_effects or self.dynamic or self.mounts or self.domains)


class BlockOrigin(Contract):
    """The block that a call comes from: the call id of the block, and what the model says that it is for."""

    call_id: str
    purpose: str = ""


class SettledCall(Contract):
    """A side-effecting call of a block that was decided on, with what came of it; `number` is the block's own count."""

    number: int = Field(ge=1)
    call: Call
    settlement: Settlement


class BlockRun(Contract):
    """What `run_block` receives: the stored call of `execute_code`, its decision, and what it may use.

    Which folders and domains it reaches stands in the call's arguments, see `BlockFacts.reach`.

    To resume a block: the journal that its last run gave back, and what became of the calls that it waited for.
    """

    call: Call
    decision: Decision
    grant: tuple[ToolSpec, ...]
    settings: BlockSettings
    journal: dict[str, Any] | None = None
    """`sandbox.journal.Journal` as JSON; the session carries it and never looks inside."""
    settled: tuple[SettledCall, ...] = ()
    workspace: dict[WorkspacePath, WorkspaceFile] = Field(default_factory=dict)
    """The session's files as they were before the block's first run."""


class BlockCall(Contract):
    """One call that a block made, for the record."""

    number: int
    tool: str
    answer: Literal["value", "failed", "refused", "denied", "expired", "none"]


class PendingCall(Contract):
    """A side-effecting call that a suspended block waits for; `arguments` are in the tool's normal form."""

    number: int = Field(ge=1)
    tool: str
    arguments: dict[str, JsonValue]


class BlockReport(Contract):
    """What came back from a run of a block; what the model gets of it is capped, and says so where it was."""

    kind: Literal["completed", "failed", "suspended", "diverged"]
    result: JsonValue = None
    finished: bool = False
    """Whether the block means `result` to be the session's output."""
    stdout: str = ""
    error: str = ""
    """The exception or the limit that ended the block, with the traceback of the block's own lines."""
    calls: tuple[BlockCall, ...] = ()
    pending: tuple[PendingCall, ...] = ()
    """What a suspended block waits for."""
    journal: dict[str, Any] | None = None
    """What a suspended block is resumed with."""
    workspace: WorkspaceChanges | None = None
    """What a completed block changed in the session's files."""
    sandbox: str = ""
    """Backend and version that ran it."""
    worker: str = ""
    wall_seconds: float = 0.0
