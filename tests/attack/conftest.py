"""A stage of its own for attackers; every session on it is judged by its history, as in the integration tests."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.conftest import dev_server, judge
from tests.integration.stage import Stage, open_stage


@pytest.fixture(scope="package")
async def shared_stage() -> AsyncIterator[Stage]:
    """One stage with all processes for every attack."""
    async with await dev_server() as temporal, open_stage(temporal.client) as stage:
        yield stage


@pytest.fixture
async def stage(shared_stage: Stage) -> AsyncIterator[Stage]:
    """The shared stage; after the test, the histories of its sessions are judged."""
    shared_stage.sessions.clear()
    yield shared_stage
    await judge(shared_stage)
