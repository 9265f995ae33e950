"""Blocks that call tools with side effects: they wait for people without a process, and go on where they stopped."""

from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from seconder.testing.model import code, function_call, text
from tests.integration.stage import ALAN, Stage

THREE = """
said = []
for cents in (100, 200, 300):
    try:
        said.append(pay(customer=7, cents=cents)["paid"])
    except PermissionError as refusal:
        said.append(str(refusal))
said
"""


async def test_three_side_effects_in_a_row_of_which_the_second_is_denied(stage: Stage) -> None:
    """Each gets a notice of its own, the denial is an exception that the code catches, and two payments are made."""
    session = await stage.start([code(THREE, "Pay three times.")], [text("Done.")])
    await session.approve(1)
    await session.approve(2)
    await session.deny("Too much.", 3)
    await session.approve(4)
    result = await session.result()

    [told] = session.told()
    assert (told["status"], told["result"]) == ("completed", [100, "Too much.", 300])
    assert [effect["status"] for effect in told["side_effects"]] == ["succeeded", "denied", "succeeded"]
    history = await session.history()
    assert history.tools == {"pay": 2}
    assert history.scheduled["run_block"] == 4
    assert len(stage.witness.of(session.session_id)) == 2
    outcomes = [(receipt.tool, receipt.outcome) for receipt in result.receipts]
    assert outcomes == [("pay", "succeeded"), ("pay", "not_run"), ("pay", "succeeded"), ("execute_code", "succeeded")]
    assert (result.usage.blocks, result.usage.tool_calls) == (1, 2)


TOO_MUCH = """
import asyncio

await asyncio.gather(*[pay(customer=n, cents=1, memo="x" * 60_000) for n in range(20)])
"""


async def test_more_than_a_session_can_ask_for_at_once_goes_back_to_the_model(stage: Stage) -> None:
    """Nobody is asked, nothing is paid, and the model learns what to change; the session lives on."""
    session = await stage.start([code(TOO_MUCH, "Pay twenty.")], [text("Done.")])
    await session.approve(1)
    result = await session.result()

    [told] = session.told()
    assert told["status"] == "failed"
    assert "20 calls" in told["error"]
    assert "gather fewer at a time" in told["error"]
    assert (await session.history()).tools == {}
    assert [receipt.tool for receipt in result.receipts] == ["execute_code"]


GATHERED = """
import asyncio

owed = await asyncio.gather(*[look_up(customer=n) for n in range(1, 6)])
paid = await asyncio.gather(
    *[pay(customer=one["customer"], cents=one["owes"]) for one in owed], return_exceptions=True
)
[p["paid"] if isinstance(p, dict) else f"{type(p).__name__}: {p}" for p in paid]
"""


async def test_five_reads_and_five_gathered_side_effects_are_one_suspension_and_one_notice(stage: Stage) -> None:
    """The five calls stand in one notice, each is decided on its own and runs at once, and the block goes on once."""
    session = await stage.start([code(GATHERED, "Pay what is owed.")], [text("Done.")])
    await session.approve(1)
    notice = await session.notice(2)
    assert "5 calls of pay" in notice.all_text

    await session.approve(2, call=3)
    await stage.witness.wait_for(session.session_id, "pay")
    [waiting] = (await session.state()).waiting
    assert len(waiting.call_ids) == 4
    await session.deny("Not her.", 2, call=1, by=ALAN)
    for call in (0, 2, 4):
        await session.approve(2, call=call)
    await session.result()

    [told] = session.told()
    assert told["result"] == [10, "PermissionError: Not her.", 30, 40, 50]
    history = await session.history()
    assert history.scheduled["run_block"] == 2
    assert history.tools == {"pay": 4}
    assert len(history.request_ids) == 2
    request = await session.request(2)
    assert request.origin is not None
    assert request.origin.purpose == "Pay what is owed."
    assert request.origin.call_id in (await session.notice(2)).all_text


FATES = """
def fate(call):
    try:
        return call()
    except (ToolError, PermissionError, TimeoutError, ValueError) as error:
        return [type(error).__name__, isinstance(error, ToolError), str(error)]

[
    fate(lambda: decline(why="I cannot")),
    fate(lambda: stumble()),
    fate(lambda: call_tool("pay", customer=7, cents=5)),
    fate(lambda: pay(customer=7, cents=-1)),
]
"""


async def test_a_block_sees_each_way_in_which_a_side_effect_can_go(stage: Stage) -> None:
    """A failure is the tool's own error, an unknown outcome says so, and arguments that cannot be reach nobody."""
    session = await stage.start([code(FATES, "See.")], [text("Done.")])
    for number in range(1, 5):
        await session.approve(number)
    await session.result()

    [told] = session.told()
    declined, stumbled, paid, wrong = told["result"]
    assert declined == ["ToolError", True, "I cannot; nothing was changed."]
    assert stumbled[:2] == ["OutcomeUnknown", True]
    assert "do not repeat it" in stumbled[2]
    assert paid == {"paid": 5, "customer": 7}
    assert wrong[0] == "ValueError"
    assert "cents" in wrong[2]
    assert len((await session.history()).request_ids) == 4


async def test_a_large_journal_waits_outside_of_the_history(stage: Stage) -> None:
    """Two megabytes of answers, which no payload could hold, are there again when the block goes on."""
    program = "read = [recite(characters=400_000) for _ in range(5)]\npay(customer=7, cents=1)\nsum(map(len, read))"
    session = await stage.start([code(program, "Read a lot.")], [text("Done.")])
    await session.approve(1)
    await session.approve(2)
    await session.result()

    [told] = session.told()
    assert told["result"] == 2_000_000
    history = await session.handle.fetch_history()
    assert sum(event.ByteSize() for event in history.events) < 200_000


async def test_a_block_that_fails_later_tells_what_it_did(stage: Stage) -> None:
    """The model must know what was paid before the code broke, or it would pay again."""
    session = await stage.start([code("pay(customer=7, cents=100)\n1 / 0", "Pay.")], [text("Paid, then broke.")])
    await session.approve(1)
    await session.approve(2)
    await session.result()

    [told] = session.told()
    assert told["status"] == "failed"
    assert "ZeroDivisionError" in told["error"]
    [effect] = told["side_effects"]
    expected = {"tool": "pay", "arguments": {"customer": 7, "cents": 100, "memo": ""}, "status": "succeeded"}
    assert effect == expected | {"result": {"paid": 100, "customer": 7}}


LOST = """
import asyncio
first = pay(customer=1, cents=1)
second = asyncio.create_task(pay(customer=2, cents=2))
await asyncio.sleep(0)
42
"""


async def test_calls_that_nobody_awaits_are_never_run(stage: Stage) -> None:
    """Neither a coroutine that is dropped nor a task that is left behind reaches people."""
    session = await stage.start([code(LOST, "Lose two.")], [text("Done.")])
    await session.approve(1)
    await session.result()

    [told] = session.told()
    assert told["result"] == 42
    assert len((await session.history()).request_ids) == 1


async def test_a_session_that_is_cancelled_takes_back_what_its_block_waits_for(stage: Stage) -> None:
    """The notice says so, nothing runs, and the block is not resumed."""
    session = await stage.start([code("pay(customer=7, cents=100)", "Pay.")], [text("Never said.")])
    await session.approve(1)
    await session.notice(2)
    await session.handle.cancel()
    await session.notice(2, showing="Cancelled")
    with pytest.raises(WorkflowFailureError):
        await session.result()
    history = await session.history()
    assert not history.tools
    assert history.scheduled["run_block"] == 1


async def test_one_call_of_a_block_can_be_taken_back(stage: Stage) -> None:
    """The code sees a PermissionError, as nobody said yes, and goes on."""
    session = await stage.start([code(THREE, "Pay.")], [text("Done.")])
    await session.approve(1)
    request = await session.request(2)
    await session.handle.signal("cancel_call", {"call_id": request.calls[0].call_id, "reason": "A double."})
    await session.approve(3)
    await session.approve(4)
    await session.result()

    [told] = session.told()
    assert told["result"] == ["A double.", 200, 300]


async def test_a_block_and_a_direct_call_of_one_turn_wait_side_by_side(stage: Stage) -> None:
    """Neither holds up the other, and each tells the model of its own."""
    calls: list[Any] = [
        code("pay(customer=1, cents=10)['paid']", "Pay."),
        function_call("pay", {"customer": 2, "cents": 20}),
    ]
    session = await stage.start(calls, [text("Done.")])
    await session.approve(1)
    await session.approve(2)
    await session.approve(3)
    await session.result()
    told = session.told()
    assert told[0]["result"] == 10
    assert told[1]["result"] == {"paid": 20, "customer": 2}
