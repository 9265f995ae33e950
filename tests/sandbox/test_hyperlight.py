"""Helpers of Hyperlight: one for each block, and none without its worker, although nothing interrupts a guest."""

import asyncio
import os
from pathlib import Path

import pytest

from sandbox.protocol import BlockCompleted, BlockOutcome, BlockSpec, Journal, Sandbox
from tests.hyperlight.processes import helpers_of, survivors_of_a_killed_worker
from tests.hyperlight.remote import RemoteSandbox
from tests.sandbox.blocks import STARTED_AT, Desk

hyperlight_alone = pytest.mark.parametrize("sandbox", ["hyperlight"], indirect=True)


async def run(sandbox: Sandbox, code: str) -> BlockOutcome:
    """One block as a worker runs it: in a helper of its own."""
    spec = BlockSpec(code=code, journal=Journal(seed="s", started_at=STARTED_AT))
    if isinstance(sandbox, RemoteSandbox):
        return await sandbox.run(spec, Desk(), fresh=True)
    return await sandbox.run(spec, Desk())


async def helpers(sandbox: Sandbox) -> set[int]:
    if isinstance(sandbox, RemoteSandbox):
        return set(await sandbox.ask("helpers"))
    return await asyncio.to_thread(helpers_of, os.getpid())


@hyperlight_alone
async def test_a_helper_ends_with_its_block(sandbox: Sandbox) -> None:
    """Nothing is left for the next block: neither in the guest, nor the process around it."""
    assert isinstance(await run(sandbox, "import builtins\nbuiltins.left = 1"), BlockCompleted)
    waiting = await helpers(sandbox)
    outcome = await run(sandbox, "import builtins\nhasattr(builtins, 'left')")
    assert isinstance(outcome, BlockCompleted)
    assert outcome.result is False
    async with asyncio.timeout(60):
        while not waiting - await helpers(sandbox):
            """The process that served the block is about to be gone."""


@hyperlight_alone
async def test_a_guest_that_computes_dies_with_its_worker(sandbox: Sandbox, sandbox_cache: Path) -> None:
    """SIGKILL to the worker ends the helper, too, although the guest lets none of its threads run."""
    if isinstance(sandbox, RemoteSandbox):
        survivors = await sandbox.ask("kill a worker")
    else:
        survivors = await survivors_of_a_killed_worker(sandbox_cache)
    assert survivors == 0
