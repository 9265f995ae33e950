"""How an agent's code blocks are approved, bounded and connected to the outside: its author's choice."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from seconder.contracts.base import Contract

SECONDS_MAX: Final = 10 * 366 * 24 * 3600
"""Ten years; a time much beyond cannot be added to a date."""
WORKSPACE_BYTES_MAX: Final = 2**30
WORKSPACE_FILES_MAX: Final = 1_000
"""The most that an agent can allow its blocks."""
PositiveSeconds = Annotated[float, Field(gt=0, le=SECONDS_MAX)]

LimitName = Literal[
    "wall_seconds",
    "cpu_seconds",
    "memory_bytes",
    "stdout_bytes",
    "result_bytes",
    "argument_bytes",
    "answer_bytes",
    "code_bytes",
    "journal_bytes",
    "calls",
    "suspensions",
    "workspace_bytes",
    "workspace_files",
]
SandboxName = Literal["default", "eryx", "hyperlight"]

_GUEST_FOLDER = re.compile(r"/mnt(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){1,4}")
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class BlockLimits(Contract):
    """What a block may use; sizes in bytes, times in seconds. Each limit ends the block within a second, by its name.

    Output beyond `stdout_bytes` is cut from the middle, and the text says so; this alone does not end the block.
    `wall_seconds` and `cpu_seconds` count one run, the waiting for live calls included; the days between two runs do
    not count. `argument_bytes` and `answer_bytes` are per call, in JSON; the block can catch the error about either.
    The least are what any sandbox can work with, the most what a session's history can hold.
    """

    wall_seconds: PositiveSeconds = 60.0
    cpu_seconds: PositiveSeconds = 30.0
    memory_bytes: int = Field(default=256 * 2**20, ge=16 * 2**20)
    stdout_bytes: int = Field(default=16 * 2**10, ge=256, le=256 * 2**10)
    result_bytes: int = Field(default=64 * 2**10, ge=64, le=512 * 2**10)
    argument_bytes: int = Field(default=256 * 2**10, ge=64, le=2**20)
    answer_bytes: int = Field(default=2**20, ge=64, le=4 * 2**20)
    code_bytes: int = Field(default=32 * 2**10, ge=1, le=100_000)
    """A person has to read it."""
    journal_bytes: int = Field(default=16 * 2**20, ge=1024, le=64 * 2**20)
    """All calls and answers of a block together."""
    calls: int = Field(default=500, ge=0, le=10_000)
    suspensions: int = Field(default=50, ge=0, le=500)
    """How often a block may wait for people; calls that wait together count once."""
    workspace_bytes: int = Field(default=64 * 2**20, ge=0, le=WORKSPACE_BYTES_MAX)
    """All files of the session's `/workspace` together; 0 for a session without one."""
    workspace_files: int = Field(default=200, ge=0, le=WORKSPACE_FILES_MAX)
    """Files and folders together."""


class Mount(Contract):
    """A folder of the code worker's machine that blocks see.

    A writable one is for scratch and caches: what is written there is not undone when a block fails, and is written
    again when a block is run again. What matters to somebody belongs into a tool.
    """

    source: str
    """An absolute path on the code worker."""
    target: str
    """Where blocks see it, below `/mnt`."""
    writable: bool = False

    @model_validator(mode="after")
    def _can_be_mounted(self) -> Self:
        if not self.source.startswith("/") or ".." in self.source.split("/") or "\0" in self.source:
            raise ValueError(f"the source of a mount is an absolute path without `..`, not {self.source!r}")
        if not _GUEST_FOLDER.fullmatch(self.target):
            raise ValueError(f"the target of a mount is a folder such as /mnt/reports, not {self.target!r}")
        return self


class Domain(Contract):
    """A host on the network from which blocks may fetch over HTTPS, and how.

    A method that is listed here must be a read for that host: it is approved with the block, and a crash may repeat
    it. What has a side effect is a tool.
    """

    host: str
    """One host name, in lower case, without scheme, port or wildcard."""
    methods: tuple[Literal["GET", "HEAD", "OPTIONS", "POST"], ...] = Field(default=("GET", "HEAD"), min_length=1)
    """`POST` is for queries that do not fit into a URL."""

    @model_validator(mode="after")
    def _is_one_host(self) -> Self:
        if not _HOST_NAME.fullmatch(self.host) or self.host.replace(".", "").isdigit():
            raise ValueError(f"a domain is one host name such as api.example.com, not {self.host!r}")
        return self


class BlockSettings(BlockLimits):
    """An agent's blocks: when they need nobody, where they run, what they reach, and their limits."""

    automatic: bool = False
    """Run a block without asking when it names only READ tools and reaches nothing else."""
    sandbox: SandboxName = "default"
    """Which backend runs the blocks; `default` is the code worker's own choice."""
    mounts: tuple[Mount, ...] = Field(default=(), max_length=16)
    domains: tuple[Domain, ...] = Field(default=(), max_length=64)

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.sandbox == "hyperlight" and self.mounts:
            raise ValueError('Hyperlight shows blocks no folder of the host; take sandbox = "eryx" or no mounts')
        targets = [mount.target for mount in self.mounts]
        for target in targets:
            if any(other == target or other.startswith(f"{target}/") for other in targets if other is not target):
                raise ValueError(f"two mounts share {target}")
        hosts = [domain.host for domain in self.domains]
        if repeated := {host for host in hosts if hosts.count(host) > 1}:
            raise ValueError(f"{', '.join(sorted(repeated))} is listed twice; put all its methods into one entry")
        return self
