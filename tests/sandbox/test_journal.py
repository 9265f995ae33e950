"""The journal as a value: what it refuses, and that it survives being written down."""

import pytest
from pydantic import ValidationError

from sandbox.protocol import DeniedAnswer, Journal, JournalEntry, ValueAnswer
from tests.sandbox.blocks import LATER, STARTED_AT


def entry(number: int, *, batch: int | None = None, answered: bool = False) -> JournalEntry:
    return JournalEntry(
        number=number,
        tool="issue_refund",
        arguments={"order_id": number},
        asked_at=STARTED_AT,
        answer=ValueAnswer(value=number) if answered else None,
        answered_at=LATER if answered else None,
        batch=batch,
    )


def journal(*entries: JournalEntry) -> Journal:
    return Journal(seed="s", started_at=STARTED_AT, entries=entries)


def test_an_answer_is_given_once() -> None:
    """A pending call takes one answer; a second, and one for a call that was never made, are refused."""
    waiting = journal(entry(1), entry(2))
    assert [call.number for call in waiting.pending] == [1, 2]
    settled = waiting.answered(2, DeniedAnswer(reason="no"), at=LATER)
    assert [call.number for call in settled.pending] == [1]
    assert [call.number for call in waiting.pending] == [1, 2], "a journal is never changed"
    with pytest.raises(ValueError, match="already has an answer"):
        settled.answered(2, ValueAnswer(value=1), at=LATER)
    with pytest.raises(ValueError, match=r"never made; pending: \[1\]"):
        settled.answered(3, ValueAnswer(value=1), at=LATER)


def test_a_journal_survives_json() -> None:
    """What is read back equals what was written."""
    written = journal(entry(1, answered=True, batch=1), entry(2)).model_copy(update={"suspensions": 1})
    assert Journal.model_validate_json(written.model_dump_json()) == written


@pytest.mark.parametrize(
    "entries",
    [
        (entry(2),),
        (entry(1), entry(1)),
        (entry(1, answered=True, batch=2),),
    ],
)
def test_a_journal_with_gaps_is_refused(entries: tuple[JournalEntry, ...]) -> None:
    """Numbers and batches run from 1 without gaps, or the journal is not one of ours."""
    with pytest.raises(ValidationError):
        journal(*entries)


@pytest.mark.parametrize("change", [{"answer": ValueAnswer(value=1)}, {"answered_at": LATER}, {"batch": 1}])
def test_an_entry_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    """An answer has a time, and nothing is delivered without an answer."""
    with pytest.raises(ValidationError):
        JournalEntry(**{**dict(entry(1)), **change})


@pytest.mark.parametrize(
    ("recorded", "made", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
    ],
)
def test_arguments_match_by_their_json(recorded: dict[str, object], made: dict[str, object], same: bool) -> None:  # noqa: FBT001
    """The order of keys does not matter; 1, 1.0 and true are three different things."""
    one = entry(1).model_copy(update={"arguments": recorded})
    assert one.records(one.call.model_copy(update={"arguments": made})) is same
