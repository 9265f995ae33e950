"""One sandbox per backend for the whole run, and one unpacked runtime for every run on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from sandbox.protocol import Sandbox
from tests.conftest import needs_hyperlight
from tests.sandbox.backends import BACKENDS, expect_differences
from tests.sandbox.blocks import Blocks

HYPERLIGHT_SAMPLE: Final = frozenset({"test_hyperlight.py"})
"""What runs on Hyperlight unless `--hyperlight=all` is given: an emulated processor takes seconds for each block."""


@pytest.fixture(scope="session", params=sorted(BACKENDS))
async def sandbox(request: pytest.FixtureRequest, sandbox_cache: Path) -> AsyncIterator[Sandbox]:
    """Each backend of the table, started; a machine that has to be emulated for it boots once."""
    async with BACKENDS[request.param].started(sandbox_cache) as started:
        yield started


@pytest.fixture(scope="session")
def blocks(sandbox: Sandbox) -> Blocks:
    """Runs blocks on each backend of the table."""
    return Blocks(sandbox, BACKENDS[sandbox.describe().backend].port)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "differs(difference, run): what some backends do differently, and declare")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    expect_differences(items)
    if config.getoption("--hyperlight") == "all":
        return
    left_out = {item for item in items if needs_hyperlight(item) and item.path.name not in HYPERLIGHT_SAMPLE}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
