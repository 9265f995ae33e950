"""A code block on its way through a session: what was found in it, what runs, and what came back."""

from typing import Literal

from seconder.contracts.base import Contract, Moment
from seconder.contracts.calls import Call, Decision
from seconder.contracts.definitions import BlockSettings, ToolSpec


class BlockFacts(Contract):
    """What the check of a block found, for the approver and for the grant.

    `tools` is the grant: at run time a call of anything else is refused, whatever name it came by.
    """

    purpose: str = ""
    """What the model says that the block is for; shown as the model's words."""
    tools: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    """Those of `tools` that read sensitive data."""
    dynamic: bool = False
    """Whether the code computes the name of a tool it calls."""
    settings: BlockSettings | None = None
    """The limits under which the block will run."""


class BlockRun(Contract):
    """What `run_block` receives: the stored call of `execute_code`, its decision, and what it may use."""

    call: Call
    decision: Decision
    grant: tuple[ToolSpec, ...]
    settings: BlockSettings


class BlockCall(Contract):
    """One read that a block made, for the record: the values stay with the code worker's journal."""

    sequence: int
    tool: str
    arguments_digest: str
    outcome: Literal["value", "error", "refused"]
    at: Moment


class BlockReport(Contract):
    """What came back from a block; `output` is what the model gets, capped, with the cap stated in it."""

    kind: Literal["completed", "failed"]
    output: str
    calls: tuple[BlockCall, ...] = ()
    sandbox: str = ""
    """Backend and version that ran it."""
    wall_seconds: float = 0.0
