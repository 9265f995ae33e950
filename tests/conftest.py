"""Servers that the tests of one run share: each starts once, on loopback, and stops with the run."""

import shutil
from collections.abc import AsyncIterator

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from seconder import names


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's own dev server, with Seconder's search attributes registered."""
    registered = [
        argument
        for name, kind in names.SEARCH_ATTRIBUTES.items()
        for argument in ("--search-attribute", f"{name}={kind}")
    ]
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=shutil.which("temporal"),
        dev_server_extra_args=registered,
        dev_server_log_level="error",
        ui=True,
    ) as environment:
        yield environment
