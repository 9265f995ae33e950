"""One machine serves every agent: those that only read, and those whose tools have a queue of their own."""

import pytest

from seconder import Agent, ConfigurationError, Effect, tool
from seconder.names import CODE_QUEUE, ENGINE_QUEUE, TOOLS_QUEUE
from seconder.testing import Harness, Script, function_call, text
from workers.settings import Settings
from workers.tools import queues_of


@tool(effect=Effect.READ)
def look_up(key: int) -> int:
    """Look a number up."""
    return key


@tool(effect=Effect.WRITE)
def put_down(key: int) -> str:
    """Put a number down."""
    return f"put down {key}"


def _agent(name: str, *, tools_queue: str = TOOLS_QUEUE, writes: bool = True) -> Agent:
    tools = [look_up, put_down] if writes else [look_up]
    return Agent(name=name, version="1", instructions="Work.", model="gpt-5.1", tools=tools, tools_queue=tools_queue)


reader = _agent("reader", writes=False)
writer = _agent("writer", tools_queue="writer-tools")


def test_only_queues_with_something_to_do_need_a_worker() -> None:
    """An agent that only reads runs without a tools worker."""
    here = "tests.integration.test_dev_queues"
    assert queues_of(Settings(app=(f"{here}:reader",))) == []
    assert queues_of(Settings(app=(f"{here}:reader", f"{here}:writer"))) == ["writer-tools"]


@pytest.mark.parametrize("queue", ["", ENGINE_QUEUE, CODE_QUEUE])
def test_an_agent_cannot_put_its_side_effects_among_other_work(queue: str) -> None:
    """Nobody there would run them, and nobody could say whether they happened."""
    with pytest.raises(ConfigurationError, match="side effects need workers of their own"):
        _agent("clerk", tools_queue=queue)


async def test_an_agent_with_a_queue_of_its_own_is_served() -> None:
    """`seconder dev`, and with it the harness, runs a worker for each queue that an agent names."""
    story = Script(turns=[[function_call("put_down", {"key": 7})], [text("Done.")]])
    async with Harness("tests.integration.test_dev_queues:writer", story) as harness:
        session_id = await harness.start("Put 7 down.")
        await harness.approve("put_down")
        result = await harness.result(session_id)
    assert [(receipt.tool, receipt.outcome) for receipt in result.receipts] == [("put_down", "succeeded")]
