"""What the tests of files share: a session's folder, folders of the host to mount, and what no block may reach."""

import os
import socket
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.protocol import BlockLimits, BlockOutcome, BlockSpec, Journal
from seconder.contracts.block_settings import Mount
from tests.sandbox.blocks import SIGNATURES, STARTED_AT, Blocks, Desk, through_json

SECRET = "do not tell"


@dataclass
class Files:
    """Blocks with files. Beside what they see lies `outside/secret.txt`, which they must neither read nor change."""

    blocks: Blocks
    root: Path

    def __post_init__(self) -> None:
        for folder in (self.workspace, self.shared, self.scratch, self.outside):
            folder.mkdir()
        (self.outside / "secret.txt").write_text(SECRET)

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def shared(self) -> Path:
        return self.root / "shared"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def outside(self) -> Path:
        return self.root / "outside"

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """`shared` to read and `scratch` to write to."""
        return (
            Mount(source=str(self.shared), target="/mnt/shared"),
            Mount(source=str(self.scratch), target="/mnt/scratch", writable=True),
        )

    def fill_shared(self) -> None:
        """A report, and all that a folder of the host may hold and a block must not get hold of."""
        (self.shared / "report.csv").write_text("a,b\n1,2\n")
        (self.shared / "inner").mkdir()
        (self.shared / "link").symlink_to("../outside/secret.txt")
        (self.shared / "absolute").symlink_to(self.outside / "secret.txt")
        (self.shared / "folder").symlink_to("../outside")
        (self.shared / "root").symlink_to("/")
        (self.shared / "again").symlink_to("link")
        os.mkfifo(self.shared / "fifo")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.shared / "socket"))

    async def run(
        self,
        code: str,
        *,
        workspace: bool = True,
        mounts: tuple[Mount, ...] = (),
        journal: Journal | None = None,
        limits: BlockLimits | None = None,
        desk: Desk | None = None,
    ) -> BlockOutcome:
        spec = BlockSpec(
            code=textwrap.dedent(code).strip("\n"),
            tools=tuple(SIGNATURES),
            signatures=SIGNATURES,
            limits=limits or BlockLimits(wall_seconds=20),
            journal=journal or Journal(seed="a seed", started_at=STARTED_AT),
            workspace=self.workspace if workspace else None,
            mounts=mounts,
        )
        return through_json(await self.blocks.sandbox.run(spec, desk or Desk()))

    def check_outside(self) -> None:
        """What no block may touch is as it was."""
        assert {path.name: path.read_text() for path in self.outside.iterdir()} == {"secret.txt": SECRET}
        assert sorted(path.name for path in self.root.iterdir()) == ["outside", "scratch", "shared", "workspace"]


@pytest.fixture
def files(blocks: Blocks, tmp_path: Path) -> Files:
    return Files(blocks, tmp_path)
