"""A long session goes on in a new run, and nothing is lost on the way."""

from collections.abc import AsyncIterator

import pytest

from seconder import names
from seconder.contracts.session import Message
from seconder.testing.model import Item, function_call, reasoning, text
from tests.integration.conftest import dev_server, judge
from tests.integration.stage import Stage, open_stage

TURNS = 5


@pytest.fixture(scope="module")
async def short_stage() -> AsyncIterator[Stage]:
    """A stage on a server that suggests to continue as new after some thirty events."""
    server = await dev_server("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30")
    async with server as temporal, open_stage(temporal.client) as stage:
        yield stage


@pytest.fixture
async def stage(short_stage: Stage) -> AsyncIterator[Stage]:
    """The same, judged after the test."""
    short_stage.sessions.clear()
    yield short_stage
    short_stage.slack.faults.clear()
    await judge(short_stage)


def _pay(customer: int) -> list[Item]:
    return [reasoning("Another one."), function_call("pay", {"customer": customer, "cents": 100})]


async def test_a_long_session_keeps_everything(stage: Stage) -> None:
    """Conversation, receipts, usage, turn and transcript go along; ids of calls and requests are never used again."""
    session = await stage.start(*[_pay(customer) for customer in range(TURNS)], [text("All paid.")])
    for number in range(1, TURNS + 1):
        await session.approve(number)
    result = await session.result()

    history = await session.history()
    assert history.runs == TURNS + 1
    assert history.tools == {"pay": TURNS}
    assert history.request_ids == [names.approval_workflow_id(session.session_id, n) for n in range(1, TURNS + 1)]
    assert (result.output, result.usage.model_requests) == ("All paid.", TURNS + 1)
    assert len({receipt.call_id for receipt in result.receipts}) == TURNS
    assert [told["result"]["customer"] for told in session.told()] == list(range(TURNS))
    sent = [item for item in session.asked()[-1].items if item.get("type") == "reasoning"]
    assert len(sent) == TURNS
    state = await session.state()
    assert (state.status, state.turn, state.usage) == ("completed", TURNS + 1, result.usage)
    kinds = [entry.kind for entry in await session.transcript()]
    assert (kinds.count("task"), kinds.count("outcome"), kinds.count("answer")) == (1, TURNS, 1)


async def test_limits_count_all_runs(stage: Stage) -> None:
    """A session cannot outlive its limits by continuing as new."""
    session = await stage.start(*[_pay(customer) for customer in range(TURNS)], limits={"turns": 3})
    for number in range(1, 4):
        await session.approve(number)
    result = await session.result()
    assert (result.status, len(session.asked())) == ("limit_reached", 3)
    assert (await session.history()).runs >= 2


async def test_a_message_between_two_runs_is_not_lost(stage: Stage) -> None:
    """What arrives while a run still brings notices up to date, before it continues, is heard by the next one."""
    rounds = range(1, 4)
    calls = [[function_call("call_for", {"customer": customer})] for customer in rounds]
    session = await stage.start(*calls, lambda asked: [text(asked.user_messages[-1])])
    for number in rounds:
        await session.approve(number)
        await session.notice(number, showing="Approved")
        stage.slack.faults.delay("chat.update", seconds=1)
        stage.witness.release(await stage.witness.wait_for(session.session_id, "call_for", number))
        await session.scheduled("update_notice")
        await session.handle.signal(names.SIGNAL_MESSAGE, Message(text=f"Message {number}."))
    await session.result()
    assert (await session.history()).runs == len(rounds) + 1
    assert session.asked()[-1].user_messages == ["Do it.", *(f"Message {number}." for number in rounds)]
