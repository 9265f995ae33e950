"""What `seconder show` says of a session's calls: what stands in the detail of an entry as well as its text."""

from datetime import UTC, datetime

import pytest

from seconder.cli.timeline import print_session
from seconder.contracts.session import Entry
from seconder.views import SessionSummary, SessionView

AT = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
RESTART, PAGE, BLOCK = "c1-4ac4f45490c9", "c2-4ac4f45490c9", "c3-4ac4f45490c9"
BY_ANNA = {"reviewers": ["U0ANNA"]}


def shown(capsys: pytest.CaptureFixture[str], *entries: Entry) -> list[str]:
    """The lines of the timeline, without their times."""
    summary = SessionSummary(session_id="7", workflow_id="session-7", run_id="r", execution="running", started_at=AT)
    print_session(SessionView(summary=summary, transcript=entries))
    _, _, timeline = capsys.readouterr().out.partition("\n\n")
    return [line.removeprefix("12:00:05").strip() for line in timeline.splitlines()]


def test_each_call_is_told_with_its_tool_its_decision_and_its_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    """A reader need not match ids to learn what ran, where, who approved or denied it, and how it came out."""
    privileged = {"effect": "privileged"}
    assert shown(
        capsys,
        Entry(kind="call", at=AT, text='{"to": "a"}', call_id=RESTART, detail={"tool": "restart", **privileged}),
        Entry(kind="call", at=AT, text="{}", call_id=PAGE, detail={"tool": "page", **privileged}),
        Entry(kind="decision", at=AT, text="approved", call_id=RESTART, detail={"kind": "approved", **BY_ANNA}),
        Entry(kind="decision", at=AT, text="It is night.", call_id=PAGE, detail={"kind": "denied", **BY_ANNA}),
        Entry(kind="outcome", at=AT, text="gone", call_id=RESTART, detail={"outcome": "unknown", "worker": "7@vm"}),
    ) == [
        'call      restart (acts with special privileges): {"to": "a"}',
        "call      page (acts with special privileges): {}",
        "decision  restart approved by U0ANNA",
        "decision  page denied by U0ANNA: It is night.",
        "outcome   restart unknown on 7@vm: gone",
    ]


def test_a_block_is_told_with_its_sandbox_and_its_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """Text of several lines starts on a line of its own; a block that never ran names no sandbox."""
    detail = {"kind": "completed", "sandbox": "eryx 0.11.0", "calls": {"get_order": 2, "list_orders": 1}}
    assert shown(
        capsys,
        Entry(kind="block", at=AT, text="one\ntwo", call_id=BLOCK, detail=detail),
        Entry(kind="block", at=AT, text="no worker", call_id=BLOCK, detail={"kind": "failed", "sandbox": ""}),
    ) == [
        "block  completed in eryx 0.11.0, after 2 get_order, 1 list_orders",
        "one",
        "two",
        "block  failed, after no calls: no worker",
    ]


def test_a_decision_on_a_call_that_is_no_longer_told_keeps_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning of a long transcript is dropped; what is left still says which call it is about."""
    expired = Entry(kind="decision", at=AT, text="expired", call_id=PAGE, detail={"kind": "expired", "reviewers": []})
    assert shown(capsys, expired) == [f"decision  {PAGE} expired by nobody"]
