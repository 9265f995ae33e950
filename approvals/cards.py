"""The notice: what is asked, by whom, and what became of it, drawn from the stored request alone.

Within Slack's limits by construction for any request: names of absurd length are cut, long values share the room that
is left, and whatever is cut says so and where the whole is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from pydantic import JsonValue

from approvals.arguments import SHORT, arguments_part, compact, readable, text_part
from approvals.block_kit import MESSAGE_SIZE, Json, actions, button, header, line, person, rich, text
from approvals.fitting import Part, brief, lay_out
from approvals.pointers import REQUEST_ID_MAX, Pointer
from approvals.text import mrkdwn
from approvals.wording import Standing, at, in_words, outside_of, standing_of, title_of
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.blocks import BlockFacts, BlockOrigin
from seconder.contracts.calls import Call, Decision, Outcome, ToolReport
from seconder.errors import ContractError
from seconder.names import ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS

ACTIONS_BLOCK: Final = "seconder.actions."
_DETAILS: Final = "Show details"
_PURPOSE: Final = "The model says (not checked)"
_ENDED: Final = "How the block ended"
_RECORD: Final = "The session's transcript"


@dataclass(frozen=True, slots=True)
class Card:
    """A message for Slack: blocks, and the line that stands in a notification in their place."""

    text: str
    blocks: list[Json]


@dataclass(frozen=True, slots=True)
class _Progress:
    """What is known about the calls of a request by now, by digest."""

    several: bool
    decisions: Mapping[str, Decision]
    reports: Mapping[str, ToolReport]
    block_ended: str


def render_notice(
    request: ApprovalRequest,
    decisions: Sequence[Decision] = (),
    reports: Mapping[str, ToolReport] | None = None,
    block_ended: str = "",
) -> Card:
    """The notice of a request as things stand; without decisions it is the first one.

    Raises:
        ContractError: the request's id is too long for a notice.
    """
    if len(request.request_id) > REQUEST_ID_MAX:
        raise ContractError(
            f"The request id {request.request_id[:40]}… has {len(request.request_id)} characters; a notice has room "
            f"for {REQUEST_ID_MAX}. Start the session under a shorter id."
        )
    decided = {decision.digest: decision for decision in decisions}
    progress = _Progress(len(request.calls) > 1, decided, reports or {}, block_ended)
    blocks = [header("seconder.title", brief(title_of(request), 140)), _facts(request, decided)]
    if request.block is not None:
        blocks.append(_block_facts(request.block))
    if request.origin is not None:
        blocks.append(_origin(request.origin))
    for number, call in enumerate(request.calls, start=1):
        blocks.append(_call(number, call, progress))
        blocks.append(_buttons(request, number, call, decided.get(call.digest)))
    if block_ended and request.block is None:
        blocks.append(rich("seconder.ended", text_part(_ENDED, block_ended, shown_whole_by=_RECORD)))
    return Card(_notification(request, decided), lay_out(blocks, MESSAGE_SIZE))


def _facts(request: ApprovalRequest, decided: Mapping[str, Decision]) -> Json:
    waiting = len(request.calls) - len(decided)
    agent = f"{brief(request.agent, 64)} {brief(request.agent_version, 24)}"
    elements: list[Json | Part] = []
    if len(request.calls) > 1:
        progress = f"{len(decided)} of {len(request.calls)} decided" if decided else "Each call is decided on its own"
        elements.append(line(text(progress, bold=True)))
    elements += [
        line("Asked for by ", person(brief(request.requester, 24)), " through agent ", text(agent, bold=True)),
        line("Session ", text(brief(request.session_id, 72), code=True)),
        text_part("Task", request.task, shown_whole_by=_DETAILS),
    ]
    if waiting:
        named = [person(brief(user, 24)) for user in request.reviewers[:4]]
        people = [part for one in named for part in (one, text(" "))]
        more = f"and {len(request.reviewers) - 4} more" if len(request.reviewers) > 4 else ""
        elements += [
            line("May decide: ", *people, more),
            line("Expires ", text(at(request.expires_at), bold=True)),
        ]
    return rich("seconder.facts", *elements)


def _block_facts(block: BlockFacts) -> Json:
    named = {
        "Reads sensitive data with": block.sensitive,
        "Reads with": [tool for tool in block.tools if tool not in (*block.sensitive, *block.side_effects)],
        "Has side effects with (each such call is asked for on its own)": block.side_effects,
    }
    elements: list[Json | Part] = [
        text_part(label, ", ".join(tools), shown_whole_by=_DETAILS) for label, tools in named.items() if tools
    ]
    if not block.tools:
        elements.append(line("It names no tools."))
    if block.dynamic:
        warning = "It computes the name of a tool that it calls; only the tools above are granted."
        elements.append(line(text(warning, bold=True)))
    reached = outside_of(block)
    elements += [text_part(label, "\n".join(lines), shown_whole_by=_DETAILS) for label, lines in reached.items()]
    if settings := block.settings:
        elements.append(
            line(
                f"Limits: {settings.wall_seconds:g} s, {settings.memory_bytes // 2**20:,} MiB of memory, "
                f"{settings.calls:,} calls"
            )
        )
    if block.purpose:
        elements.append(text_part(_PURPOSE, block.purpose, shown_whole_by=_DETAILS))
    return rich("seconder.block", *elements)


def _origin(origin: BlockOrigin) -> Json:
    elements: list[Json | Part] = [line("A code block waits for this: ", text(brief(origin.call_id, 72), code=True))]
    if origin.purpose:
        elements.append(text_part(_PURPOSE, origin.purpose, shown_whole_by=_DETAILS))
    return rich("seconder.origin", *elements)


def _call(number: int, call: Call, progress: _Progress) -> Json:
    decision, report = progress.decisions.get(call.digest), progress.reports.get(call.digest)
    standing = standing_of(decision, report, ended=bool(progress.block_ended))
    # The title names a single call already.
    named = [text(f"{number}. {brief(call.tool, 64)}: {call.effect.in_words}. ", bold=True)] if progress.several else []
    elements: list[Json | Part] = [
        line(*named, *_state(standing, decision, people=1 if progress.several else 4)),
        arguments_part(call, shown_whole_by=_DETAILS),
    ]
    if decision is not None and decision.reason:
        elements.append(text_part("Reason", decision.reason, shown_whole_by=_RECORD))
    if report is not None:
        elements.append(_outcome(report.outcome))
    elif call.is_block and progress.block_ended and decision is not None and decision.allows:
        elements.append(text_part(_ENDED, progress.block_ended, shown_whole_by=_RECORD))
    return rich(f"seconder.call.{number}", *elements)


def _state(standing: Standing, decision: Decision | None, *, people: int) -> list[Json | str]:
    if decision is None:
        return [in_words(standing)]
    verdict = "Approved by the policy" if decision.kind == "automatic" else decision.kind.capitalize()
    reviewers = list(dict.fromkeys(review.reviewer.user_id for review in decision.reviews))
    by: list[Json | str] = [" by"] if reviewers else []
    for user in reviewers[:people]:
        by += [" ", person(brief(user, 24))]
    more = f" and {len(reviewers) - people} more" if len(reviewers) > people else ""
    return [verdict, *by, f"{more} at {at(decision.at)}. {in_words(standing)}"]


def _outcome(outcome: Outcome) -> Part:
    match outcome.kind:
        case "succeeded":
            return _result(outcome.result)
        case "failed" | "unknown":
            return text_part("Error", outcome.error, shown_whole_by=_RECORD)
        case _:
            assert_never(outcome)


def _result(result: JsonValue) -> Part:
    long = text_part("Result", readable(result), shown_whole_by=_RECORD)
    in_a_row = compact(result)
    if len(in_a_row) > SHORT:
        return long
    return Part([line(text("Result: ", bold=True), text(in_a_row, code=True))], long.cut)


def _buttons(request: ApprovalRequest, number: int, call: Call, decision: Decision | None) -> Json:
    pointer = str(Pointer(request.request_id, call.digest))
    verdicts = [button(ACTION_APPROVE, "Approve", pointer, "primary"), button(ACTION_DENY, "Deny", pointer, "danger")]
    return actions(
        f"{ACTIONS_BLOCK}{number}",
        *([] if decision else verdicts),
        button(ACTION_DETAILS, _DETAILS, pointer),
    )


def _notification(request: ApprovalRequest, decided: Mapping[str, Decision]) -> str:
    title = mrkdwn(brief(title_of(request), 300))
    if len(decided) < len(request.calls):
        return f"Waits for approval: {title}"
    kinds = sorted({decision.kind for decision in decided.values()})
    return f"{', '.join(kinds).capitalize()}: {title}"
