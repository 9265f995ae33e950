"""What people say to a session while it runs."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from seconder import names
from seconder.contracts.calls import Decision, Review, Reviewer
from seconder.contracts.session import TASK_MAX_BYTES, Message
from seconder.testing.model import delayed, function_call, text
from tests.integration.stage import ANNA, OTTO, RITA, Stage


async def test_a_message_reaches_the_models_next_turn(stage: Stage) -> None:
    """What is said while a call waits is part of the next request to the model, after the outcome of the call."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.notice()
    await session.handle.signal(names.SIGNAL_MESSAGE, Message(text="Hurry, please.", sender=RITA.id))
    await session.approve()
    await session.result()

    first, second = session.asked()
    assert first.user_messages == ["Do it."]
    assert second.user_messages == ["Do it.", "Hurry, please."]
    said = next(entry for entry in await session.transcript() if entry.kind == "message")
    assert (said.text, said.detail) == ("Hurry, please.", {"sender": RITA.id})


async def test_a_session_that_stays_open_answers_again(stage: Stage) -> None:
    """After an answer it waits for a further message, and ends with its last answer when none comes."""
    session = await stage.start(
        [text("One.")], lambda asked: [text(f"You said {asked.user_messages[-1]}")], idle_seconds=2
    )
    await session.until(lambda event: event.timer_started_event_attributes.start_to_fire_timeout.seconds == 2)
    assert (await session.state()).status == "waiting_for_message"
    await session.handle.signal(names.SIGNAL_MESSAGE, Message(text="And now?"))
    result = await session.result()
    assert result.output == "You said And now?"
    answers = [entry.text for entry in await session.transcript() if entry.kind == "answer"]
    assert answers == ["One.", "You said And now?"]


async def test_a_message_that_comes_while_the_model_answers_is_not_lost(stage: Stage) -> None:
    """Even a session that does not wait takes another turn for what was said before its answer was in."""
    stage.model.fail_next(delayed(1), when=lambda asked: "Slowly." in asked.user_messages)
    session = await stage.start([text("Done.")], [text("That too.")], task="Slowly.")
    await session.scheduled("ask_model")
    await session.handle.signal(names.SIGNAL_MESSAGE, Message(text="One more thing."))
    result = await session.result()
    assert result.output == "That too."
    assert session.asked()[-1].user_messages == ["Slowly.", "One more thing."]


async def test_a_message_that_comes_while_the_session_tidies_up_is_not_lost(stage: Stage) -> None:
    """As long as a session shows outcomes on its notices it still listens."""
    session = await stage.start(
        [function_call("call_for", {"customer": 7})], [text("Done.")], lambda asked: [text(asked.user_messages[-1])]
    )
    await session.approve()
    await session.notice(showing="Approved")
    stage.slack.faults.delay("chat.update", seconds=1)
    stage.witness.release(await stage.witness.wait_for(session.session_id, "call_for"))
    ended = itertools.count(1)
    answered = 5  # the agent, the model, the check, the call, the model again: all but the notice
    await session.until(
        lambda event: event.HasField("activity_task_completed_event_attributes") and next(ended) == answered
    )
    await session.handle.signal(names.SIGNAL_MESSAGE, Message(text="One more thing."))
    assert (await session.result()).output == "One more thing."


MALFORMED: list[tuple[str, Any]] = [
    (names.SIGNAL_MESSAGE, None),
    (names.SIGNAL_MESSAGE, "hello"),
    (names.SIGNAL_MESSAGE, {}),
    (names.SIGNAL_MESSAGE, {"text": "  "}),
    (names.SIGNAL_MESSAGE, {"text": "hello", "to": "me"}),
    (names.SIGNAL_MESSAGE, {"text": ["hello"]}),
    (names.SIGNAL_MESSAGE, {"text": "ö" * (TASK_MAX_BYTES // 2 + 1)}),
    (names.SIGNAL_CANCEL_CALL, None),
    (names.SIGNAL_CANCEL_CALL, {"call": 1}),
    (names.SIGNAL_CANCEL_CALL, {"call_id": "c9-of-another-session"}),
    (names.SIGNAL_DECIDED, None),
    (names.SIGNAL_DECIDED, {"kind": "approved"}),
    (names.SIGNAL_DECIDED, {"digest": "0" * 64, "kind": "approved", "at": "2026-01-01T00:00:00Z"}),
    ("nobody_listens", {"to": "this"}),
]


@pytest.mark.parametrize(("signal", "content"), MALFORMED, ids=[f"{row[0]} {row[1]!r:.30}" for row in MALFORMED])
async def test_a_malformed_signal_changes_nothing(stage: Stage, signal: str, content: Any) -> None:
    """Anyone with access to Temporal may send anything: the session goes on as if it had not come."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.notice()
    await session.handle.signal(signal, content)
    assert (await session.state()).status == "waiting_for_approval"
    await session.approve()
    assert (await session.result()).output == "Done."
    assert [asked.user_messages for asked in session.asked()] == [["Do it."]] * 2
    assert (await session.history()).tools == {"pay": 1}


@pytest.mark.parametrize("forged", ["without a review", "by a stranger", "of another request"])
async def test_a_forged_decision_is_no_approval(stage: Stage, forged: str) -> None:
    """Whoever can signal a session cannot approve by it: a yes counts with a reviewer's yes to this very call."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    request = await session.request()
    digest, now = request.calls[0].digest, datetime.now(UTC)
    review = Review(
        request_id="approval-other-1" if forged == "of another request" else request.request_id,
        digests=(digest,),
        verdict="approve",
        reviewer=Reviewer(user_id=OTTO.id if forged == "by a stranger" else ANNA.id),
        at=now,
    )
    reviews = () if forged == "without a review" else (review,)
    decision = Decision(digest=digest, kind="approved", reviews=reviews, at=now)
    await session.handle.signal(names.SIGNAL_DECIDED, decision)
    assert (await session.state()).status == "waiting_for_approval"
    await session.deny("No.")
    await session.result()
    assert not (await session.history()).tools


async def test_a_signal_without_content_changes_nothing(stage: Stage) -> None:
    """The CLI sends a signal without `--input` as no argument at all."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.notice()
    for signal in (names.SIGNAL_MESSAGE, names.SIGNAL_CANCEL_CALL, names.SIGNAL_DECIDED):
        await session.handle.signal(signal)
    for signal in (names.SIGNAL_REVIEW, names.SIGNAL_CANCEL_CALL):
        await session.approval().signal(signal)
    await session.approve()
    assert (await session.result()).output == "Done."
