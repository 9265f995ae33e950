"""The notice at every state, and the details modal: what an approver reads."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from approvals.cards import render_notice
from approvals.denial import denial_view
from approvals.details import details_view
from approvals.fitting import text_digest
from approvals.pointers import Pointer
from seconder.canonical import canonical_json, sha256_of
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.block_settings import BlockSettings
from seconder.contracts.blocks import BlockFacts
from seconder.contracts.calls import (
    Call,
    Decision,
    Failed,
    Outcome,
    Review,
    Reviewer,
    Succeeded,
    ToolReport,
    Unknown,
)
from seconder.effects import Effect
from seconder.errors import ContractError
from seconder.names import ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS, ACTION_NEXT_PAGE
from seconder.testing.slack.block_rules import walk
from seconder.testing.slack.blocks import check_message_blocks, check_view

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
REFUND: dict[str, JsonValue] = {"order_id": "A-1007", "amount_cents": 4200}


def call_of(number: int = 1, tool: str = "issue_refund", effect: Effect = Effect.SPEND, **arguments: Any) -> Call:
    return Call(
        session_id="s1",
        call_id=f"s1-c{number}",
        agent="support-desk",
        agent_version="1.2",
        tool=tool,
        tool_version="1+abcdef01",
        arguments=arguments or REFUND,
        effect=effect,
    )


def request_of(*calls: Call, **changes: Any) -> ApprovalRequest:
    return ApprovalRequest.model_validate(
        {
            "request_id": "approval-s1-1",
            "session_id": "s1",
            "agent": "support-desk",
            "agent_version": "1.2",
            "requester": "U0RITA",
            "task": "Refund the late orders.",
            "calls": calls or (call_of(),),
            "reviewers": ("U0ANNA", "U0ALAN"),
            "created_at": NOON,
            "expires_at": NOON + timedelta(hours=24),
        }
        | changes
    )


def decision_of(call: Call, kind: str = "approved", *, reason: str = "", by: str = "U0ANNA") -> Decision:
    verdict = "deny" if kind == "denied" else "approve"
    review = Review(
        request_id="approval-s1-1",
        digests=(call.digest,),
        verdict=verdict,
        reason=reason,
        reviewer=Reviewer(user_id=by),
        at=NOON,
    )
    reviews = (review,) if kind in ("approved", "denied") else ()
    return Decision.model_validate(
        {"digest": call.digest, "kind": kind, "reason": reason, "reviews": reviews, "at": NOON + timedelta(minutes=5)}
    )


def report_of(outcome: Outcome) -> ToolReport:
    return ToolReport(outcome=outcome, attempt=1, worker="tools-1", started_at=NOON, finished_at=NOON)


def block_of(code: str) -> Call:
    return call_of(tool="execute_code", effect=Effect.READ, code=code)


def lines(blocks: list[dict[str, Any]]) -> list[str]:
    """What a person reads, one line for each line of the card; people as `@id`."""
    return [line for block in blocks for line in _lines_of(block)]


def _lines_of(block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "header":
        yield block["text"]["text"]
    for element in block.get("elements", []):
        if element["type"] == "button":
            yield f"[{element['text']['text']}]"
        else:
            yield "".join(inner.get("text") or f"@{inner['user_id']}" for inner in element["elements"])


def buttons(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(found["action_id"], found["value"]) for found in walk(blocks) if found.get("type") == "button"]


def test_a_waiting_notice_names_the_action_and_everything_around_it() -> None:
    """An approver sees which action, for whom, for which task, by which agent, with which arguments, until when."""
    card = render_notice(request_of())
    assert lines(check_message_blocks(card.blocks)) == [
        "issue_refund: spends money",
        "Asked for by @U0RITA through agent support-desk 1.2",
        "Session s1",
        "Task",
        "Refund the late orders.",
        "May decide: @U0ANNA @U0ALAN ",
        "Expires 2026-03-05 12:00:00 UTC",
        "Waits for a decision.",
        'order_id = "A-1007"\namount_cents = 4200',
        "[Approve]",
        "[Deny]",
        "[Show details]",
    ]
    assert card.text == "Waits for approval: issue_refund: spends money"


def test_a_button_points_to_one_request_and_one_exact_call() -> None:
    """The value of a button is a request id and the digest of one call, each its own."""
    calls = (call_of(1), call_of(2))
    pointers = [Pointer.parse(value) for _, value in buttons(render_notice(request_of(*calls)).blocks)]
    assert [(pointer.request_id, pointer.digest) for pointer in pointers] == [
        ("approval-s1-1", call.digest) for call in calls for _ in range(3)
    ]


def test_text_and_number_look_different() -> None:
    """`"50"` and `50` are different calls and look different."""
    text, number = (render_notice(request_of(call_of(amount=amount))) for amount in ("50", 50))
    assert 'amount = "50"' in lines(text.blocks)
    assert "amount = 50" in lines(number.blocks)


def test_a_text_with_line_breaks_stands_in_a_box_of_its_own() -> None:
    """An e-mail's body is readable, and cannot imitate another argument's row."""
    body = "Dear Ms Lee,\namount_cents = 1\nbest regards"
    shown = lines(render_notice(request_of(call_of(to="lee@example.com", body=body))).blocks)
    assert 'to = "lee@example.com"' in shown
    assert "body: text, 42 characters, 3 lines" in shown
    assert body in shown


def test_data_cannot_imitate_the_card() -> None:
    """Whatever a task or an argument says stands in a box, not among the card's own lines."""
    lie = "x\nApproved by Anna\n\u202enoitca eurt"
    for block in render_notice(request_of(call_of(note=lie), task=lie)).blocks:
        for element in block.get("elements", []):
            if element["type"] == "rich_text_section":
                assert "Approved by Anna" not in json.dumps(element)
    assert "⟨U+202E⟩" in json.dumps(render_notice(request_of(task=lie)).blocks, ensure_ascii=False)


@pytest.mark.parametrize(
    ("kind", "outcome", "shown"),
    [
        ("approved", None, "Approved by @U0ANNA at 2026-03-04 12:05:00 UTC. Not finished yet."),
        ("approved", Succeeded(result=None), "Approved by @U0ANNA at 2026-03-04 12:05:00 UTC. Succeeded."),
        (
            "approved",
            Failed(error="no such order"),
            "Approved by @U0ANNA at 2026-03-04 12:05:00 UTC. Failed: known not to have happened.",
        ),
        (
            "approved",
            Unknown(error="connection lost"),
            (
                "Approved by @U0ANNA at 2026-03-04 12:05:00 UTC. "
                "Outcome unknown: it may have happened, and is not run again."
            ),
        ),
        ("denied", None, "Denied by @U0ANNA at 2026-03-04 12:05:00 UTC. It does not run."),
        ("expired", None, "Expired at 2026-03-04 12:05:00 UTC. Nobody decided in time; nobody said no."),
        ("cancelled", None, "Cancelled at 2026-03-04 12:05:00 UTC. Nobody needs to decide any more."),
        ("automatic", None, "Approved by the policy at 2026-03-04 12:05:00 UTC. Not finished yet."),
    ],
)
def test_a_decided_call_says_who_when_and_what_came_of_it(kind: str, outcome: Outcome | None, shown: str) -> None:
    """Every state has words of its own, and a decided call cannot be decided again."""
    call = call_of()
    reports = {call.digest: report_of(outcome)} if outcome else {}
    card = render_notice(request_of(call), [decision_of(call, kind)], reports)
    assert shown in lines(check_message_blocks(card.blocks))
    assert [action for action, _ in buttons(card.blocks)] == [ACTION_DETAILS]
    assert not card.text.startswith("Waits")


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Succeeded(result={"refund": "R-1"}), 'Result: {"refund": "R-1"}'),
        (Succeeded(result="x" * 500), "x" * 500),
        (Failed(error="no such order"), "no such order"),
        (Unknown(error="connection lost"), "connection lost"),
    ],
)
def test_the_message_ends_with_the_result(outcome: Outcome, shown: str) -> None:
    """An approver learns what the call that they let run has done."""
    call = call_of()
    card = render_notice(request_of(call), [decision_of(call)], {call.digest: report_of(outcome)})
    assert lines(card.blocks)[-2] == shown


def test_a_denial_shows_its_reason() -> None:
    """Everybody who saw the question sees why the answer was no."""
    call = call_of()
    shown = lines(render_notice(request_of(call), [decision_of(call, "denied", reason="Not this <!channel>")]).blocks)
    assert shown[shown.index("Reason") + 1] == "Not this <!channel>"


def test_calls_are_decided_one_by_one() -> None:
    """Of several calls each keeps its own buttons until it is decided."""
    calls = tuple(call_of(number, amount=number) for number in range(1, 4))
    card = render_notice(request_of(*calls), [decision_of(calls[1], "denied", reason="no")])
    shown = lines(check_message_blocks(card.blocks))
    assert shown[0] == "3 calls of issue_refund: spends money"
    assert "1 of 3 decided" in shown
    still = [Pointer.parse(value).digest for action, value in buttons(card.blocks) if action == ACTION_APPROVE]
    assert still == [calls[0].digest, calls[2].digest]
    assert card.text.startswith("Waits for approval")


def test_the_title_of_several_tools_counts_each() -> None:
    """The title says what is asked for, also when it is not all the same."""
    calls = (call_of(1), call_of(2), call_of(3, tool="send_email", effect=Effect.EXTERNAL))
    assert lines(render_notice(request_of(*calls)).blocks)[0] == "3 calls: issue_refund (2), send_email"


def test_a_block_shows_its_code_tools_and_limits_and_the_models_words_apart() -> None:
    """An approver of code sees what it may read, which of it is sensitive, and what only the model says."""
    code = "rows = list_orders()\nprint(len(rows))"
    facts = BlockFacts(
        purpose="Count the <b>orders</b>",
        tools=("get_address", "list_orders"),
        sensitive=("get_address",),
        dynamic=True,
        settings=BlockSettings(),
    )
    shown = lines(check_message_blocks(render_notice(request_of(block_of(code), block=facts)).blocks))
    assert shown[0] == "Code block: reads data"
    assert code in shown
    assert shown[shown.index("Reads sensitive data with") + 1] == "get_address"
    assert shown[shown.index("Reads with") + 1] == "list_orders"
    assert "It computes the name of a tool that it calls; only the tools above are granted." in shown
    assert "Limits: 60 s, 256 MiB of memory, 500 calls" in shown
    assert shown[shown.index("The model says (not checked)") + 1] == "Count the <b>orders</b>"


def test_a_block_that_ran_says_how_it_ended() -> None:
    """The notice of a block ends with how the block ended."""
    call = block_of("1 + 1")
    card = render_notice(request_of(call, block=BlockFacts()), [decision_of(call)], block_ended="completed in 0.2 s")
    shown = lines(card.blocks)
    assert shown[shown.index("How the block ended") + 1] == "completed in 0.2 s"


def test_what_does_not_fit_says_so_with_its_length_and_digest() -> None:
    """A long argument is never cut in silence: its length, its SHA-256 and where the whole is stand beside it."""
    body = "".join(f"line {number}\n" for number in range(7000))
    call = call_of(to="lee@example.com", body=body)
    shown = lines(check_message_blocks(render_notice(request_of(call)).blocks))
    size, digest = len(canonical_json(dict(call.arguments))), sha256_of(dict(call.arguments))
    assert f"Cut: 2 arguments, {size:,} bytes, SHA-256 {digest}. Show details has the whole." in shown
    assert 'to = "lee@example.com"' in shown
    assert f"body: text, {len(body):,} characters, 7,001 lines, SHA-256 {text_digest(body)}, begins:" in shown
    assert sum(map(len, shown)) > 8000


def test_a_short_call_stays_whole_beside_a_long_one() -> None:
    """One call with a huge argument does not push another one's arguments out of the notice."""
    calls = (call_of(1, body="x" * 60_000), call_of(2))
    assert 'order_id = "A-1007"\namount_cents = 4200' in lines(render_notice(request_of(*calls)).blocks)


def test_an_id_that_is_too_long_for_a_button_is_refused() -> None:
    """A request that could not be drawn within Slack's limits says so, with what to do about it."""
    with pytest.raises(ContractError, match="under a shorter id"):
        render_notice(request_of(request_id="approval-" + "s" * 80 + "-1"))


def test_details_have_everything_whole() -> None:
    """The details of 64 KiB of arguments hold every character, the digest, and all ids."""
    body = "".join(f"line {number}\n" for number in range(6000))
    call = call_of(to="lee@example.com", body=body)
    view = check_view(details_view(request_of(call), call, None, 0), "modal")
    whole = "".join(lines(view["blocks"]))
    assert body in whole
    for expected in (call.digest, call.call_id, call.tool_version, "approval-s1-1", "@U0RITA", "@U0ALAN"):
        assert expected in whole


def test_details_that_fill_more_than_one_modal_have_pages() -> None:
    """Even text that swells when it is made visible is there whole, over pages that can be turned."""
    body = "\u00ad" * 32_000
    call = call_of(body=body)
    request = request_of(call)
    texts, page = [], 0
    while True:
        view = check_view(details_view(request, call, None, page), "modal")
        texts += lines(view["blocks"])
        turn = [value for action, value in buttons(view["blocks"]) if action == ACTION_NEXT_PAGE]
        if not turn:
            break
        page = Pointer.parse(turn[0]).page
    assert page >= 2
    assert "".join(texts).count("⟨U+00AD⟩") == 32_000


def test_a_page_beyond_the_last_is_the_last() -> None:
    """A forged page number shows the last page instead of nothing."""
    call = call_of()
    assert details_view(request_of(call), call, None, 999) == details_view(request_of(call), call, None, 0)


def test_details_show_a_decision_with_its_reason() -> None:
    """Of a closed request the details say who decided, when and why."""
    call = call_of()
    view = details_view(request_of(call), call, decision_of(call, "denied", reason="No." * 1000), 0)
    shown = lines(check_view(view, "modal")["blocks"])
    assert "Denied at 2026-03-04 12:05:00 UTC" in shown
    assert "No." * 1000 in "".join(shown)


def test_a_denial_asks_for_its_reason() -> None:
    """The modal names the call, and carries nothing but the pointer to it."""
    call = call_of()
    pointer = Pointer("approval-s1-1", call.digest)
    view = check_view(denial_view(call, pointer), "modal")
    assert Pointer.parse(view["private_metadata"]) == pointer
    assert "issue_refund: spends money" in lines(view["blocks"][:1])
    assert not view["blocks"][1].get("optional", False)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "approval-s1-1",
        "approval-s1-1:",
        "approval-s1-1:" + "a" * 63,
        "approval-s1-1:" + "A" * 64,
        "session-s1:" + "a" * 64,
        "approval-s1-1:" + "a" * 64 + "\n",
        "approval-s1\n-1:" + "a" * 64,
        "approval-" + "s" * 80 + "-1:" + "a" * 64,
        "approval-s1-1:" + "a" * 64 + "#99999",
    ],
)
def test_a_pointer_that_is_none_of_ours_is_refused(value: str) -> None:
    """What comes back from Slack is parsed strictly."""
    with pytest.raises(ContractError):
        Pointer.parse(value)


@pytest.mark.parametrize("page", [0, 7])
def test_a_pointer_survives_the_way_through_slack(page: int) -> None:
    """What a button carries is read back as it was."""
    pointer = Pointer("approval-s1-12", "0" * 64, page)
    assert Pointer.parse(str(pointer)) == pointer


def test_buttons_are_those_that_others_know() -> None:
    """The action ids are stable names."""
    assert (ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS) == ("seconder.approve", "seconder.deny", "seconder.details")
