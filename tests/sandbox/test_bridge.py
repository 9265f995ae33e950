"""The bridge between a guest and its host: no call is lost on the way, however many there are."""

import pytest

from sandbox.protocol import BlockCompleted, BlockLimits
from tests.sandbox.blocks import Blocks

CALLS = 1500
STYLES = {
    "plain": f"total = 0\nfor number in range({CALLS}):\n    total += echo(number)\ntotal",
    "awaited": f"total = 0\nfor number in range({CALLS}):\n    total += await echo(number)\ntotal",
}


@pytest.mark.parametrize("style", STYLES)
async def test_many_calls_in_a_row_are_all_answered(style: str, blocks: Blocks) -> None:
    """A wake-up that is lost once in some hundred exchanges would stop a block for ever."""
    outcome = await blocks.run(STYLES[style], limits=BlockLimits(wall_seconds=60, cpu_seconds=60, calls=CALLS))
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == sum(range(CALLS))
