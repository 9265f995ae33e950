"""A block that was suspended under one version of the sandbox package goes on under another."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from seconder.testing.model import code, text
from tests.integration.conftest import dev_server, judge
from tests.integration.processes import CHECKOUT, separate
from tests.integration.stage import open_stage

OTHER_VERSION = "0.10.1"
BLOCK = """
import random, uuid
from decimal import Decimal

drawn = [random.randint(1, 1000) for _ in range(3)]
owed = {n: look_up(customer=n)["owes"] for n in (1, 2)}
made = [str(uuid.uuid4()), str(sum(Decimal(n) / 7 for n in owed.values())), sorted({"a", "b", "c"})]
print(drawn, made)
paid = [pay(customer=n, cents=cents, memo=made[0])["paid"] for n, cents in owed.items()]
[drawn, made, paid]
"""


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    """Of a server of its own, as its code workers change."""
    async with await dev_server() as temporal:
        yield temporal.client


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an environment with the other version of the sandbox package."""
    environment = tmp_path_factory.mktemp("other") / "venv"
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("needs uv, to install another version of the sandbox package")
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    python = str(environment / "bin" / "python")
    for command in (
        [uv, "sync", "--frozen", "--no-dev", "--quiet"],
        [uv, "pip", "install", "--quiet", "--python", python, f"pyeryx=={OTHER_VERSION}"],
    ):
        done = subprocess.run(  # noqa: S603 - uv, with arguments of this file
            command,
            cwd=CHECKOUT,
            env=kept | {"UV_PROJECT_ENVIRONMENT": str(environment)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"pyeryx {OTHER_VERSION} cannot be installed: {done.stderr.strip()[-300:]}")
    assert Path(python).exists()
    return python


@pytest.mark.timeout(300)
async def test_a_block_goes_on_under_another_version_of_the_sandbox(client: Client, other_python: str) -> None:
    """Its journal, its random numbers and its clock are the same; each payment is made once."""
    async with open_stage(client, processes=("engine", "tools", "gateway"), patience=120) as stage:
        session = await stage.start([code(BLOCK, "Pay two.")], [text("Done.")])
        async with separate(stage, "code", python=other_python):
            await session.approve(1)
            await session.notice(2)
        await session.approve(2)
        async with stage.process("code"):
            await session.approve(3)
            await session.result()
        [told] = session.told()
        drawn, made, paid = told["result"]
        assert told["stdout"] == f"{drawn} {made}\n"
        assert paid == [10, 20]
        history = await session.history()
        assert history.tools == {"pay": 2}
        assert {effect.call.arguments["memo"] for _, effect in history.side_effects} == {made[0]}
        [_, second, third] = history.inputs("run_block")
        assert second["journal"]["recorded_by"] == third["journal"]["recorded_by"] == f"eryx {OTHER_VERSION}"
        await judge(stage)
