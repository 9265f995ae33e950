"""A code block on its way through a session: what was found in it, what runs, and what came back."""

from typing import Literal

from pydantic import JsonValue

from seconder.contracts.base import Contract
from seconder.contracts.block_settings import BlockSettings
from seconder.contracts.calls import Call, Decision
from seconder.contracts.definitions import ToolSpec


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
    """One call that a block made, for the record."""

    number: int
    tool: str
    arguments_digest: str
    answer: Literal["value", "failed", "refused", "none"]


class BlockReport(Contract):
    """What came back from a block; what the model gets of it is capped, and says so where it was."""

    kind: Literal["completed", "failed"]
    result: JsonValue = None
    stdout: str = ""
    error: str = ""
    """The exception or the limit that ended the block, with the traceback of the block's own lines."""
    calls: tuple[BlockCall, ...] = ()
    sandbox: str = ""
    """Backend and version that ran it."""
    worker: str = ""
    wall_seconds: float = 0.0
