"""Where a test lacks something of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.chromium import PROGRAMS

CHECKOUT = Path(__file__).parents[2]
TEST = """
async def test_something_in_a_browser(chromium):
    assert chromium.is_connected()
"""


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_missing_browser_is_said_and_fails_the_run_only_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    """Without Chromium a test is skipped with the reason; where `CI` is set, that is a failure."""
    (tmp_path / "test_browser.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\naddopts = -ra\n")
    run = subprocess.run(  # noqa: S603 - this interpreter, on a test of our own
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "pytest_asyncio.plugin", str(tmp_path)],
        cwd=CHECKOUT,
        env=os.environ | {"PATH": str(tmp_path), "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert "1 skipped" in run.stdout
    assert f"no browser is installed: none of {', '.join(PROGRAMS)}" in run.stdout
    assert ("skipped, which CI does not allow" in run.stdout) == bool(ci)
