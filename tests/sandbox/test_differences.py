"""Where backends differ from the contract: what is declared is what is written down, and what happens."""

import re
from pathlib import Path

import pytest

from sandbox.protocol import BlockFailed, BlockSpec, Journal
from seconder.contracts.block_settings import Mount
from tests.sandbox.backends import DIFFERENCES
from tests.sandbox.blocks import STARTED_AT, Blocks, Desk

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_the_page_shows_every_difference() -> None:
    """Who reads about a backend finds each of its declared differences, in the same words."""
    declared = {
        (backend, difference, meaning)
        for backend, differences in DIFFERENCES.items()
        for difference, meaning in differences.items()
    }
    rows = re.findall(rf"^\| ({'|'.join(DIFFERENCES)}) \| (\w+) \| (.+) \|$", PAGE.read_text(), flags=re.MULTILINE)
    assert set(rows) == declared


def folders(tmp_path: Path, case: str) -> BlockSpec:
    spec = BlockSpec(code="1", journal=Journal(seed="s", started_at=STARTED_AT))
    if case == "a mount":
        return spec.model_copy(update={"mounts": (Mount(source=str(tmp_path), target="/mnt/data"),)})
    (tmp_path / "left.txt").write_text("by another sandbox")
    return spec.model_copy(update={"workspace": tmp_path})


@pytest.mark.parametrize("case", ["a mount", "a session's files"])
async def test_a_backend_without_files_refuses_a_block_that_needs_some(
    case: str, blocks: Blocks, tmp_path: Path
) -> None:
    """Nobody believes to work on files that are not there: the block is not run, and the error says why."""
    outcome = await blocks.sandbox.run(folders(tmp_path, case), Desk())
    if "no_files" in DIFFERENCES[blocks.sandbox.describe().backend]:
        assert isinstance(outcome, BlockFailed)
        assert (outcome.error, outcome.usage.calls) == ("FilesUnavailable", 0)
        assert "eryx" in outcome.message
    else:
        assert outcome.kind == "completed"


async def test_a_block_without_files_cannot_write_any(blocks: Blocks) -> None:
    """Where there are no files, writing one is an error that the block sees."""
    outcome = await blocks.run("open('/workspace/new.txt', 'w').write('x')")
    if "no_files" in DIFFERENCES[blocks.sandbox.describe().backend]:
        assert isinstance(outcome, BlockFailed)
        assert outcome.error == "FileNotFoundError"
    else:
        assert outcome.kind == "completed"
