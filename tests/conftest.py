"""What the tests of one run share: servers and a browser that start once, what runs side by side, and who may skip.

A test that lacks something of the machine is skipped and says what. In CI, where the variable `CI` is set, nothing may
be missing: there a skipped test fails the run.
"""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from seconder import names
from tests.scheduling import SharedTogether, order_of

if TYPE_CHECKING:
    from playwright.async_api import Browser
    from xdist.remote import Producer  # type: ignore[import-untyped]


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


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator["Browser"]:
    """The machine's own Chromium, without a window."""
    # It takes most of a second, which tests without a browser need not wait.
    from tests.browser.chromium import PROGRAMS, installed, launched

    program = installed()
    if program is None:
        pytest.skip(f"no browser is installed: none of {', '.join(PROGRAMS)} is on the PATH")
    async with launched(program) as browser:
        yield browser


@pytest.fixture(scope="session")
def sandbox_cache() -> Path:
    """Where runtimes are unpacked once and stay."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "seconder"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What a run may ask for beside pytest's own options."""
    parser.addoption(
        "--hyperlight",
        choices=("sample", "all"),
        default="sample",
        help="run all tests of blocks on Hyperlight too, or a sample; where KVM is emulated all take half an hour",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: order_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> SharedTogether:
    """With `-n`, keep together what shares servers."""
    return SharedTogether(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which skipped tests make a run in CI fail."""
    skipped = _skipped_in_ci(terminalreporter)
    if skipped:
        terminalreporter.section("skipped, which CI does not allow", red=True)
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.line(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, let a run with a skipped test fail."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    # With `-n`, the processes that run the tests have none.
    if reporter and session.exitstatus == pytest.ExitCode.OK and _skipped_in_ci(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skipped_in_ci(reporter: pytest.TerminalReporter) -> list[pytest.TestReport | pytest.CollectReport]:
    return list(reporter.stats.get("skipped", ())) if os.environ.get("CI") else []
