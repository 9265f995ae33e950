"""One sandbox per backend for the whole run, and one unpacked runtime for every run on this machine."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.protocol import Sandbox
from tests.sandbox.blocks import BACKENDS, Blocks


@pytest.fixture(scope="session")
def sandbox_cache() -> Path:
    """Where runtimes are unpacked once and stay."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "seconder"


@pytest.fixture(scope="session", params=sorted(BACKENDS))
async def sandbox(request: pytest.FixtureRequest, sandbox_cache: Path) -> AsyncIterator[Sandbox]:
    """Each backend of the table, started."""
    made = BACKENDS[request.param].make(sandbox_cache)
    await made.start()
    yield made
    await made.close()


@pytest.fixture(scope="session")
def blocks(sandbox: Sandbox) -> Blocks:
    return Blocks(sandbox, BACKENDS[sandbox.describe().backend].differences)
