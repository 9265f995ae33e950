"""A block that ends the session itself, so that figures computed in code are not copied out by the model."""

from typing import Any

from seconder.testing.model import code, function_call, text
from tests.integration.stage import Stage

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "integer"}},
    "required": ["total"],
    "additionalProperties": False,
}
ADDS = "finish({'total': sum([look_up(customer=n)['owes'] for n in range(5)])})"


async def test_a_block_ends_the_session_with_an_output_that_fits(stage: Stage) -> None:
    """One request to the model, and the output is what the code computed."""
    session = await stage.start([code(ADDS, "Add up.")], agent="hasty-clerk", output_schema=SCHEMA)
    result = await session.result()
    assert (result.status, result.output) == ("completed", {"total": 100})
    assert result.usage.model_requests == len(session.asked()) == 1
    assert [entry.kind for entry in await session.transcript()][-1] == "answer"


async def test_a_value_that_does_not_fit_goes_back_to_the_model(stage: Stage) -> None:
    """It learns what does not fit, and may finish in code again or answer itself."""
    session = await stage.start(
        [code("finish({'total': 'much'})", "Guess.")],
        [code("finish({'total': 7})", "Better.")],
        agent="hasty-clerk",
        output_schema=SCHEMA,
    )
    result = await session.result()
    assert result.output == {"total": 7}
    [told] = session.told()
    assert told["status"] == "failed"
    assert "does not fit the output schema" in told["error"]
    assert "total" in told["error"]


async def test_without_a_schema_any_value_is_the_output(stage: Stage) -> None:
    """Text as text, everything else as the JSON that it is."""
    session = await stage.start([code("finish([1, 'two', None])", "List.")], agent="hasty-clerk")
    assert (await session.result()).output == [1, "two", None]


async def test_a_block_finishes_after_its_side_effects(stage: Stage) -> None:
    """The payment is approved, runs, and its result is in the output."""
    session = await stage.start(
        [code("finish({'total': pay(customer=7, cents=100)['paid']})", "Pay.")], output_schema=SCHEMA
    )
    await session.approve(1)
    await session.approve(2)
    result = await session.result()
    assert result.output == {"total": 100}
    assert [receipt.outcome for receipt in result.receipts] == ["succeeded", "succeeded"]


async def test_finish_beside_another_call_does_not_end_the_session(stage: Stage) -> None:
    """The model has to see what became of the other call first."""
    calls: list[Any] = [code("finish({'total': 1})", "Finish."), function_call("decline", {"why": "No"})]
    session = await stage.start(calls, [text('{"total": 2}')], agent="hasty-clerk", output_schema=SCHEMA)
    await session.approve()
    result = await session.result()
    assert result.output == {"total": 2}
    finished, declined = session.told()
    assert "the session goes on" in finished["note"]
    assert declined["status"] == "failed"


async def test_a_session_that_was_finished_in_code_takes_a_further_message(stage: Stage) -> None:
    """The conversation is whole: the model is asked again and sees what its code did."""
    session = await stage.start(
        [code("finish({'total': 1})", "Finish.")],
        [text('{"total": 2}')],
        agent="hasty-clerk",
        output_schema=SCHEMA,
        idle_seconds=2,
    )
    await session.until(lambda event: event.timer_started_event_attributes.start_to_fire_timeout.seconds == 2)
    await session.handle.signal("message", {"text": "Are you sure?"})
    result = await session.result()
    [told] = session.told()
    assert (told["status"], told["result"]) == ("completed", {"total": 1})
    assert result.output == {"total": 2}
