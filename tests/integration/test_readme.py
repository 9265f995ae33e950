"""The README's own examples, run as they stand."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
_NAMED_EXAMPLE = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(180)
async def test_the_readmes_agent_passes_the_readmes_test(tmp_path: Path) -> None:
    """A newcomer who copies the agent and its test out of the README sees the test pass."""
    examples = dict(_NAMED_EXAMPLE.findall(await asyncio.to_thread(README.read_text)))
    assert set(examples) == {"my_agent.py", "test_my_agent.py"}
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
