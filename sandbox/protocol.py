"""The seam between Seconder and whatever runs an agent's code.

    async def answer(call: Call) -> Answer:                       # asked once for each call of the block
        return ValueAnswer(value=await read(call.tool, call.arguments))

    sandbox = EryxSandbox(cache=Path("~/.cache/seconder").expanduser())
    await sandbox.start()
    outcome = await sandbox.run(BlockSpec(code=code, tools=("get_order",), signatures=…, journal=journal), answer)
    match outcome:
        case BlockCompleted(): …       # result, stdout
        case BlockSuspended(): …       # outcome.pending wait; answer them in outcome.journal and run again
        case BlockFailed(): …          # tell the model
        case BlockDiverged(): …        # the replay did something else; nothing was run
    await sandbox.close()

What goes wrong inside a block is an outcome, never an exception. `SandboxUnavailable` means that no block can run here.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from sandbox.calls import (
    Answer,
    Call,
    DeniedAnswer,
    ExpiredAnswer,
    FailedAnswer,
    FinalAnswer,
    PendingAnswer,
    RefusedAnswer,
    ValueAnswer,
)
from sandbox.journal import Journal, JournalEntry
from sandbox.signatures import parameters_of
from seconder.contracts.block_settings import BlockLimits, LimitName, Mount
from seconder.errors import ServiceError

__all__ = [
    "Answer",
    "Answerer",
    "BlockCompleted",
    "BlockDiverged",
    "BlockFailed",
    "BlockLimits",
    "BlockOutcome",
    "BlockSpec",
    "BlockSuspended",
    "BlockUsage",
    "Call",
    "DeniedAnswer",
    "ExpiredAnswer",
    "FailedAnswer",
    "FinalAnswer",
    "Journal",
    "JournalEntry",
    "LimitName",
    "PendingAnswer",
    "RefusedAnswer",
    "Sandbox",
    "SandboxDescription",
    "SandboxUnavailable",
    "ValueAnswer",
]


class SandboxUnavailable(ServiceError):  # noqa: N818 - reads as what it says, like the standard library's own
    """No block can run on this machine with this backend; the message says why and how to mend it."""


class BlockSpec(BaseModel):
    """One block to run, or to resume when its journal has entries.

    `workspace` is a folder of the host that the block finds, with all that is in it, as `/workspace` and may write to,
    within its limits. After a block that completed it holds what the block left; after any other outcome its content
    is undefined. A resumed block needs the workspace as it was before its first run. `mounts` are further folders.

    `tools` is the grant: the names that the code may call. Every other name is refused by the host, whatever the code
    does. `signatures` maps tool names to stubs such as `"async def get_order(order_id: int) -> Order"`, by which
    positional arguments find their names; a tool without one takes keyword arguments only.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    tools: tuple[str, ...] = ()
    signatures: dict[str, str] = Field(default_factory=dict)
    limits: BlockLimits = BlockLimits()
    journal: Journal
    workspace: Path | None = None
    mounts: tuple[Mount, ...] = ()

    @model_validator(mode="after")
    def _can_be_bound(self) -> Self:
        for tool in self.tools:
            if not tool.isidentifier():
                raise ValueError(f"{tool!r} cannot be the name of a tool in code")
            if tool in self.signatures:
                parameters_of(self.signatures[tool], tool)
        return self


class BlockUsage(BaseModel):
    """What one run used. `calls` were made by the block, `replayed` of them were answered from the journal."""

    model_config = ConfigDict(frozen=True)

    wall_seconds: float
    cpu_seconds: float | None = None
    calls: int
    replayed: int


class _Ended(BaseModel):
    """What every outcome tells: the output so far, the journal to keep and what was used."""

    model_config = ConfigDict(frozen=True)

    stdout: str = ""
    stdout_truncated: bool = False
    journal: Journal
    usage: BlockUsage


class BlockCompleted(_Ended):
    """The block ran to its end; `result` is the value of its last expression, as JSON.

    With `finished`, it ended by calling `finish(value)`, and `result` is that value.

    Calls still in `journal.pending` were made by tasks that nobody awaited; they must not be run.
    """

    kind: Literal["completed"] = "completed"
    result: JsonValue = None
    finished: bool = False


class BlockSuspended(_Ended):
    """The block can do nothing more until at least one of the `pending` calls is answered in its journal."""

    kind: Literal["suspended"] = "suspended"
    pending: tuple[Call, ...]


class BlockFailed(_Ended):
    """The block raised, hit a limit or crashed its sandbox.

    `error` is the exception's class name, `traceback` shows frames of the guest only. `limit` names the limit, if it
    was one. Calls still in `journal.pending` must not be run.
    """

    kind: Literal["failed"] = "failed"
    error: str
    message: str
    traceback: str = ""
    limit: LimitName | None = None


class BlockDiverged(_Ended):
    """A replay did not do what the journal records; nothing was run.

    `expected` is the recorded call and `got` the one that the block made instead; either is None where there was none.
    """

    kind: Literal["diverged"] = "diverged"
    expected: Call | None
    got: Call | None
    message: str


BlockOutcome = Annotated[BlockCompleted | BlockSuspended | BlockFailed | BlockDiverged, Field(discriminator="kind")]

Answerer = Callable[[Call], Awaitable[Answer]]
"""Answers one live call. What it raises is a fault of the host: it ends the run and is raised from `Sandbox.run`."""


class SandboxDescription(BaseModel):
    """Which backend runs blocks, for receipts and for the person who reads them."""

    model_config = ConfigDict(frozen=True)

    backend: str
    version: str
    python: str


class Sandbox(Protocol):
    """A backend. One instance serves many blocks at once; each block gets a fresh guest."""

    async def start(self) -> None:
        """Make ready to run blocks. Raises SandboxUnavailable."""

    async def run(self, spec: BlockSpec, answer: Answerer) -> BlockOutcome:
        """Run a block until it ends or suspends.

        Cancelling kills the guest at once. Raises SandboxUnavailable, or what `answer` raised.
        """

    async def close(self) -> None:
        """End every running block and every process that this sandbox started."""

    def describe(self) -> SandboxDescription:
        """Backend, version and the guest's Python version."""
