"""Where a session ends although the model would go on."""

from seconder.testing.model import code, function_call, text
from tests.integration.stage import Stage

BLOCK = [code("1", "")]


async def test_the_limit_on_turns_ends_a_session(stage: Stage) -> None:
    """The model is asked as often as the limit says, and not once more; the error says how to go on."""
    session = await stage.start(BLOCK, BLOCK, BLOCK, BLOCK, agent="hasty-clerk", limits={"turns": 3})
    result = await session.result()
    assert result.status == "limit_reached"
    assert result.error == "Limit reached: turns: 3 of 3 taken. Start a session with a wider limit, or a smaller task."
    assert (await session.history()).scheduled["ask_model"] == len(session.asked()) == 3
    assert result.usage.blocks == 3
    assert (await session.state()).status == "limit_reached"


async def test_the_limit_on_tokens_ends_a_session(stage: Stage) -> None:
    """Input and output count together; what was used stands in the result."""
    session = await stage.start(BLOCK, BLOCK, agent="hasty-clerk", limits={"tokens": 10})
    result = await session.result()
    assert result.status == "limit_reached"
    assert f"tokens: {result.usage.tokens} of 10 used" in result.error
    assert len(session.asked()) == 1


async def test_an_answer_within_the_limit_counts(stage: Stage) -> None:
    """A session whose last allowed turn brings the answer has completed."""
    session = await stage.start(BLOCK, [text("Done.")], agent="hasty-clerk", limits={"turns": 2, "tokens": 100_000})
    assert (await session.result()).status == "completed"


async def test_time_runs_out_while_people_are_asked(stage: Stage) -> None:
    """The wall clock includes waiting for people; what still waits is taken back and nothing runs."""
    session = await stage.start(
        [function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")], limits={"wall_clock_seconds": 1}
    )
    result = await session.result()
    assert result.status == "limit_reached"
    assert "wall_clock_seconds: longer than 1 s" in result.error
    [receipt] = result.receipts
    assert (receipt.decision.kind, receipt.outcome) == ("cancelled", "not_run")
    assert not (await session.history()).tools


async def test_time_runs_out_while_a_side_effect_runs(stage: Stage) -> None:
    """What was begun is seen to its end, and stands in the result."""
    session = await stage.start(
        [function_call("call_for", {"customer": 7})], [text("Done.")], limits={"wall_clock_seconds": 2}
    )
    await session.approve()
    seen = await stage.witness.wait_for(session.session_id, "call_for")
    await session.until(lambda event: event.HasField("timer_fired_event_attributes"))
    stage.witness.release(seen)
    result = await session.result()
    assert result.status == "limit_reached"
    assert [receipt.outcome for receipt in result.receipts] == ["succeeded"]
    assert (await session.history()).tools == {"call_for": 1}


async def test_time_runs_out_while_a_block_runs(stage: Stage) -> None:
    """A block is stopped when the session's time is up."""
    session = await stage.start(
        [code("listen(customer=7)", "")],
        [text("Done.")],
        agent="hasty-clerk",
        limits={"wall_clock_seconds": 2},
    )
    await stage.witness.wait_for(session.session_id, "listen")
    result = await session.result()
    assert result.status == "limit_reached"
    assert len(session.asked()) == 1
