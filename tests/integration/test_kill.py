"""Processes that die at the worst moment, for real: separate ones, ended with SIGKILL."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from seconder.testing.model import code, function_call, text
from tests.integration.conftest import QUICK_RESTARTS, dev_server, judge
from tests.integration.processes import separate
from tests.integration.stage import open_stage

PAY = function_call("pay", {"customer": 7, "cents": 100})


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    """Of a server whose workers come and go."""
    async with await dev_server(*QUICK_RESTARTS) as temporal:
        yield temporal.client


async def test_the_engine_dies_while_one_call_waits_and_another_runs(client: Client) -> None:
    """A click made while no engine runs is not lost, nor is what ends meanwhile; each tool has run once."""
    async with open_stage(client, processes=("tools", "gateway")) as stage:
        async with separate(stage, "engine") as engine:
            session = await stage.start([function_call("call_for", {"customer": 7}), PAY], [text("Done.")])
            await session.approve(call=0)
            seen = await stage.witness.wait_for(session.session_id, "call_for")
            assert len((await session.approval_state()).decisions) == 1
            engine.kill()
            await engine.wait()
        await session.approve(call=1)
        stage.witness.release(seen)
        assert not stage.witness.of(session.session_id, "pay")
        async with separate(stage, "engine"):
            result = await session.result()
            await session.notice(showing="Succeeded")
        assert result.output == "Done."
        assert {receipt.tool: receipt.outcome for receipt in result.receipts} == {
            "call_for": "succeeded",
            "pay": "succeeded",
        }
        assert len(stage.witness.of(session.session_id)) == 2
        assert (await session.history()).tools == {"call_for": 1, "pay": 1}
        await judge(stage)


async def test_the_tools_worker_dies_in_the_middle_of_a_side_effect(client: Client) -> None:
    """Nobody can know whether it happened: the outcome is unknown, and it is not run again."""
    async with open_stage(client, processes=("engine", "gateway")) as stage:
        async with separate(stage, "tools") as tools:
            session = await stage.start([function_call("call_for", {"customer": 7})], [text("Please check.")])
            await session.approve()
            await stage.witness.wait_for(session.session_id, "call_for")
            tools.kill()
            await tools.wait()
        async with stage.process("tools"):
            result = await session.result()
        [receipt] = result.receipts
        assert (receipt.outcome, receipt.decision.kind) == ("unknown", "approved")
        assert session.told()[0]["status"] == "outcome_unknown"
        assert len(stage.witness.of(session.session_id)) == 1
        assert (await session.history()).tools == {"call_for": 1}
        await session.notice(showing="unknown")
        await judge(stage)


async def test_the_tools_worker_is_not_there_yet(client: Client) -> None:
    """An approved call waits for a worker to take it up, and runs once when there is one."""
    async with open_stage(client, processes=("engine", "gateway")) as stage:
        session = await stage.start([PAY], [text("Done.")])
        await session.approve()
        await session.scheduled("pay")
        async with stage.process("tools"):
            result = await session.result()
        assert [receipt.outcome for receipt in result.receipts] == ["succeeded"]
        assert len(stage.witness.of(session.session_id)) == 1
        await judge(stage)


async def test_the_code_worker_dies_while_a_block_runs(client: Client) -> None:
    """A block holds reads only: another worker runs it again from the start, under the same approval."""
    async with open_stage(client, processes=("engine", "gateway")) as stage:
        session = await stage.start([code("listen(customer=7)", "Listen.")], [text("Done.")])
        async with separate(stage, "code") as worker:
            await session.approve()
            seen = await stage.witness.wait_for(session.session_id, "listen")
            worker.kill()
            await worker.wait()
        stage.witness.release(seen)
        async with stage.process("code"):
            result = await session.result()
        assert [receipt.outcome for receipt in result.receipts] == ["succeeded"]
        assert session.told()[0]["result"] == "7 says hello"
        assert (await session.history()).scheduled["run_block"] == 1
        await judge(stage)
