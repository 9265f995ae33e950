"""One sandbox per backend for the whole run, and one unpacked runtime for every run on this machine."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from sandbox.protocol import Sandbox
from tests.sandbox.backends import BACKENDS, expect_differences
from tests.sandbox.blocks import Blocks
from tests.scheduling import needs_hyperlight

LEFT_OUT: Final = (
    *("test_corpus.py", "test_bridge.py", "test_a_bomb_of_shared_references_is_refused_at_once"),
    *("test_the_event_loop_of_the_worker_never_waits_for_a_guest", "test_output_past_the_prelude_is_bounded_too"),
    *("test_output_is_bounded_and_says_so[hyperlight-many prints]", "test_a_journal_ends_the_block_before_it_outgrows"),
    *("test_a_value_of_a_gigabyte_ends_the_block_not_the_worker", "test_a_block_may_catch_want_of_memory_and_go_on"),
    "bombs: a final value of shared references",
)
"""Left to `--hyperlight=all`: what keeps an emulated processor busy for many seconds."""
HEAVY: Final = (
    *("-bombs: ", "-floods: ", "-forgeries: ", "-prelude: ", "-replays: "),
    *("test_every_way_of_calling_resumes[", "test_a_suspension_cannot_be_swallowed["),
)
"""Tables of which each case needs a guest or two of its own; a sample of them does for the usual run."""
ONE_OF_HEAVY: Final = 16


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
    emulated = [item for item in items if needs_hyperlight(item.nodeid)]
    heavy = [item for item in emulated if any(name in item.nodeid for name in HEAVY)]
    left_out = set(heavy) - set(heavy[::ONE_OF_HEAVY])
    left_out |= {item for item in emulated if any(name in item.nodeid for name in LEFT_OUT)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once for each declared difference how many tests met it, not once for each test."""
    differing = Counter(report.wasxfail for report in terminalreporter.stats.get("xfailed", ()))
    if differing:
        terminalreporter.section("what a backend does differently, as declared")
    for difference, tests in differing.items():
        terminalreporter.line(f"{tests} tests: {difference.removeprefix('[NOTRUN] ')}")
