"""The examples of the README and of the guide to testing, run as they stand."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PAGES = (CHECKOUT / "README.md", CHECKOUT / "docs" / "testing.md")
_CLIENT_TEST = """
import asyncio

from my_client import refund
from test_my_agent import STORY

from seconder.testing import Harness


async def test_any_temporal_client_starts_a_session() -> None:
    async with Harness("my_agent:agent", STORY) as harness:
        refunding = asyncio.create_task(refund(harness.temporal))
        await harness.approve("execute_code")
        await harness.approve("issue_refund")
        assert (await refunding).output == "Refunded 19.90 EUR on order 7."
"""
_NAMED_EXAMPLE = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(180)
async def test_the_readmes_agent_client_and_test_work(tmp_path: Path) -> None:
    """A newcomer who copies the agent, its tests and the client out of the pages sees all of them work."""
    pages = "".join([await asyncio.to_thread(page.read_text) for page in PAGES])
    examples = dict(_NAMED_EXAMPLE.findall(pages))
    tests = {"test_my_agent.py", "test_my_block.py", "test_what_the_model_sees.py"}
    assert set(examples) == {"my_agent.py", "my_client.py", *tests}
    examples["test_my_client.py"] = _CLIENT_TEST
    for name, source in examples.items():
        await asyncio.to_thread((tmp_path / name).write_text, source)
    settings = '[tool.pytest]\nasyncio_mode = "auto"\nasyncio_default_fixture_loop_scope = "function"\n'
    await asyncio.to_thread((tmp_path / "pyproject.toml").write_text, settings)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-W", "error"),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
