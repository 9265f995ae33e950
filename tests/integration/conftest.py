"""The stage that integration tests share, and the judgement on every session that was played on it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from seconder import names
from seconder.connection import DATA_CONVERTER
from tests.integration.evidence import complaints
from tests.integration.stage import Stage, open_stage

QUICK_RESTARTS: Final = ("--dynamic-config-value", 'history.defaultWorkflowTaskTimeout="3s"')
"""For `dev_server`: what an engine that died had begun is given to the next one after three seconds, not ten."""
_SURE_SHUTDOWNS: Final = (
    *("--dynamic-config-value", "frontend.enableCancelWorkerPollsOnShutdown=false"),
    *("--dynamic-config-value", 'matching.longPollExpirationInterval="10s"'),
)
"""A worker that leaves ends its polls itself: those that the server is to end may stay open, and the worker with them
(temporalio/temporal#9545), which happens now and then on a busy machine. Then it takes ten seconds, not a minute."""
_KINDS: Final = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


async def dev_server(*extra_arguments: str) -> WorkflowEnvironment:
    """A dev server of one's own: two stages on one server would take each other's tasks."""
    return await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=shutil.which("temporal"),
        dev_server_extra_args=[
            *(f"--search-attribute={name}={kind}" for name, kind in names.SEARCH_ATTRIBUTES.items()),
            *_SURE_SHUTDOWNS,
            *extra_arguments,
        ],
        dev_server_log_level="error",
    )


@asynccontextmanager
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which days pass in a moment: while a test waits for a result, or when it says `sleep`."""
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=DATA_CONVERTER, test_server_existing_path=shutil.which("temporal-test-server")
    ) as environment:
        attributes = {name: _KINDS[kind] for name, kind in names.SEARCH_ATTRIBUTES.items()}
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=environment.client.namespace, search_attributes=attributes)
        )
        yield environment


@pytest.fixture(scope="package")
async def shared_stage() -> AsyncIterator[Stage]:
    """One stage with all processes, for every test that changes nothing about them."""
    async with await dev_server() as temporal, open_stage(temporal.client) as stage:
        yield stage


@pytest.fixture
async def stage(shared_stage: Stage) -> AsyncIterator[Stage]:
    """The shared stage; after the test, the histories of its sessions are judged."""
    shared_stage.sessions.clear()
    yield shared_stage
    await shared_stage.slack_comes_back()
    await judge(shared_stage)


async def judge(stage: Stage) -> None:
    """No session is stuck or left open, and no side effect was scheduled without its own approval."""
    found = [
        problem for session in stage.sessions for problem in await complaints(stage.client, await session.history())
    ]
    assert not found, "\n".join(found)
