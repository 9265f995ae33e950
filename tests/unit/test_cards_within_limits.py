"""Any request at all renders within Slack's limits, and no data reaches a field that Slack parses."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.cards import render_notice
from approvals.details import details_view
from approvals.text import visible
from seconder.contracts.approvals import CALLS_PER_REQUEST, ApprovalRequest
from seconder.contracts.blocks import BlockFacts
from seconder.contracts.calls import Call, Decision, Failed, Review, Reviewer, Succeeded, ToolReport, Unknown
from seconder.effects import Effect
from seconder.testing.slack.block_rules import walk
from seconder.testing.slack.blocks import check_message_blocks, check_view

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
STRANGE = st.text(st.sampled_from('ab"\\\n<&>*`~\u200b\u202e\U000e0041é漢😀'), max_size=12)


def long_text(longest: int) -> st.SearchStrategy[str]:
    """Short strange text, repeated to any length."""
    return st.builds(lambda unit, length: (unit * length)[:length], STRANGE, st.integers(0, longest) | st.just(longest))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | long_text(6000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRANGE, inner, max_size=4),
    max_leaves=6,
)
MANY = st.builds(
    lambda number, value: {f"argument_{index}": value for index in range(number)},
    st.integers(0, 300),
    st.integers(0, 9) | st.text("x\n", max_size=30),
)
ARGUMENTS = st.dictionaries(STRANGE, VALUES, max_size=5) | MANY
CALLS = st.builds(
    Call,
    session_id=st.just("s"),
    call_id=long_text(200),
    agent=st.just("a"),
    agent_version=st.just("1"),
    tool=st.just("execute_code") | long_text(100),
    tool_version=long_text(200),
    arguments=ARGUMENTS,
    effect=st.sampled_from(Effect),
)
USERS = st.from_regex(r"U[A-Z0-9]{2,20}", fullmatch=True) | long_text(60)
FACTS = st.builds(
    BlockFacts,
    purpose=long_text(5000),
    tools=st.lists(long_text(64), max_size=60).map(tuple),
    sensitive=st.lists(long_text(64), max_size=60).map(tuple),
    dynamic=st.booleans(),
)
OUTCOMES = (
    st.builds(Succeeded, result=VALUES)
    | st.builds(Failed, error=long_text(5000))
    | st.builds(Unknown, error=long_text(5000))
)
REQUESTS = st.builds(
    ApprovalRequest,
    request_id=st.integers(0, 99_999).map(lambda number: f"approval-{'s' * 64}-{number}"),
    session_id=long_text(100),
    agent=long_text(100),
    agent_version=long_text(100),
    requester=USERS,
    task=long_text(8000),
    calls=st.lists(CALLS, min_size=1, max_size=CALLS_PER_REQUEST, unique_by=lambda call: call.digest).map(tuple),
    block=st.none() | FACTS,
    reviewers=st.lists(USERS, min_size=1, max_size=30).map(tuple),
    created_at=st.just(NOON),
    expires_at=st.just(NOON),
)


@st.composite
def decisions_on(draw: st.DrawFn, request: ApprovalRequest) -> tuple[list[Decision], dict[str, ToolReport]]:
    decisions, reports = [], {}
    for call in request.calls:
        if not draw(st.booleans()):
            continue
        reviewers = draw(st.lists(USERS.filter(bool), max_size=3))
        reviews = tuple(
            Review(
                request_id="r",
                digests=(call.digest,),
                verdict="approve",
                reviewer=Reviewer(user_id=user),
                at=NOON,
            )
            for user in reviewers
        )
        decisions.append(
            Decision(
                digest=call.digest,
                kind=draw(st.sampled_from(["approved", "denied", "expired", "cancelled", "automatic"])),
                reason=draw(long_text(3000)),
                reviews=reviews,
                at=NOON,
            )
        )
        if draw(st.booleans()):
            reports[call.digest] = ToolReport(
                outcome=draw(OUTCOMES), attempt=1, worker="w", started_at=NOON, finished_at=NOON
            )
    return decisions, reports


def assert_inert(node: Any) -> None:
    """No field is one that Slack parses, and every text in it can be seen."""
    for found in walk(node):
        assert found.get("type") not in ("mrkdwn", "markdown", "link", "broadcast")
        if isinstance(found.get("text"), str):
            assert visible(found["text"]) == found["text"]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_request_in_any_state_fits_into_one_message(data: st.DataObject) -> None:
    """No request, however long or odd, makes a notice that Slack refuses or obeys."""
    request = data.draw(REQUESTS)
    decisions, reports = data.draw(decisions_on(request))
    card = render_notice(request, decisions, reports, data.draw(long_text(3000)))
    check_message_blocks(card.blocks)
    assert_inert(card.blocks)
    assert "<" not in card.text
    assert "\n" not in card.text
    assert len(card.text) < 3000


@settings(max_examples=25, deadline=None)
@given(REQUESTS, st.integers(0, 12))
def test_any_page_of_any_details_fits_into_one_modal(request: ApprovalRequest, page: int) -> None:
    """No call, however long or odd, has details that Slack refuses or obeys."""
    view = check_view(details_view(request, request.calls[0], None, page), "modal")
    assert_inert(view["blocks"])


@pytest.mark.parametrize("unit", ['"', "\u200b", "😀"])
@pytest.mark.parametrize("undecided", [0, 4, 8])
def test_the_longest_request_that_can_be_sent_fits(unit: str, undecided: int) -> None:
    """Eight calls of 64 KiB, every name and reason as long as can be: still one message, with a button for each."""
    kib_64 = 64 * 1024 // len(json.dumps(unit, ensure_ascii=False)[1:-1].encode())
    calls = tuple(
        Call(
            session_id="s" * 64,
            call_id=unit * 200,
            agent=unit * 100,
            agent_version=unit * 100,
            tool=unit * 64,
            tool_version=unit * 100,
            arguments={"number": number, "body": unit * kib_64},
            effect=Effect.EXTERNAL,
        )
        for number in range(CALLS_PER_REQUEST)
    )
    request = ApprovalRequest(
        request_id=f"approval-{'s' * 64}-99999",
        session_id="s" * 64,
        agent=unit * 100,
        agent_version=unit * 100,
        requester=unit * 60,
        task=unit * 100_000,
        calls=calls,
        reviewers=tuple(f"W{number:020}" for number in range(32)),
        created_at=NOON,
        expires_at=NOON,
    )
    decisions = [
        Decision(
            digest=call.digest,
            kind="automatic",
            reason=unit * 3000,
            reviews=tuple(
                Review(request_id="r", digests=(call.digest,), verdict="deny", reviewer=Reviewer(user_id=user), at=NOON)
                for user in request.reviewers
            ),
            at=NOON,
        )
        for call in calls[undecided:]
    ]
    reports = {
        decision.digest: ToolReport(
            outcome=Unknown(error=unit * 100_000), attempt=1, worker="w", started_at=NOON, finished_at=NOON
        )
        for decision in decisions
    }
    blocks = check_message_blocks(render_notice(request, decisions, reports).blocks)
    assert_inert(blocks)
    assert sum(found.get("action_id") == "seconder.details" for found in walk(blocks)) == CALLS_PER_REQUEST
    assert sum(found.get("action_id") == "seconder.approve" for found in walk(blocks)) == undecided
