"""What a person reads in the Temporal UI: summaries of one line, and current details in Markdown.

Everything from a model or a caller stands in code fences or code spans that it cannot close.
"""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.base import iso
from seconder.contracts.calls import Call, Decision
from seconder.contracts.session import SessionState
from seconder.markdown import DETAILS_MAX_BYTES, fence, one_line, span

_CALL_MAX_BYTES = 200


def call_summary(call: Call) -> str:
    """A call on one line, such as `issue_refund(order_id=7, amount="4.50")`."""
    if call.is_block:
        return "a code block"
    arguments = ", ".join(f"{name}={_compact(value)}" for name, value in call.arguments.items())
    return one_line(f"{call.tool}({arguments})", _CALL_MAX_BYTES)


def request_summary(request: ApprovalRequest) -> str:
    """A request on one line of Markdown: its calls, as far as they fit."""
    share = 300 // len(request.calls)
    return " + ".join(span(call_summary(call), share) for call in request.calls)


def request_details(request: ApprovalRequest) -> str:
    """The static details of an approval: each call whole enough to recognise it."""
    parts = [f"Session {span(request.session_id)} asks for {span(request.requester)}: {span(request.task, 300)}"]
    share = DETAILS_MAX_BYTES // (2 * len(request.calls))
    for call in request.calls:
        parts.append(f"**{call.tool}** ({call.effect.in_words}), digest `{call.digest}`")
        if call.is_block:
            parts.append(fence(str(call.arguments.get("code", "")), "python", share))
        else:
            parts.append(fence(json.dumps(call.arguments, indent=2, ensure_ascii=False), "json", share))
    return "\n\n".join(parts)


def approval_details(
    request: ApprovalRequest, decisions: Mapping[str, Decision], *, posted: bool, problem: str = ""
) -> str:
    """The current details of an approval: who may decide, until when, and what is decided."""
    reviewers = ", ".join(span(user) for user in request.reviewers)
    lines = [f"For {reviewers}, until {iso(request.expires_at)}."]
    if not posted:
        lines.append("The notice is **not posted yet**." + (f" Slack: {span(problem, 1000)}" if problem else ""))
    lines.append("")
    for call in request.calls:
        decision = decisions.get(call.digest)
        by = f" by {', '.join(review.reviewer.user_id for review in decision.reviews)}" if decision else ""
        verdict = f"**{decision.kind}**{by}" if decision else "waiting"
        reason = f": {span(decision.reason)}" if decision and decision.reason else ""
        lines.append(f"- {span(call_summary(call))} — {verdict}{reason}")
    return "\n".join(lines)


def session_details(state: SessionState) -> str:
    """The current details of a session: what it does, what it waits for and for whom, what ran."""
    usage = state.usage
    status = state.status.replace("_", " ")
    figures = f"{usage.model_requests} model requests · {usage.tokens} tokens"
    lines = [
        f"**{status}** · agent {span(state.agent)} {span(state.agent_version)} for {span(state.requester)}",
        "",
        f"Turn {state.turn} · {figures} · {usage.blocks} blocks · {usage.tool_calls} tool calls",
    ]
    if state.waiting:
        lines += ["", "Waits for:", ""]
        for waiting in state.waiting:
            tools = ", ".join(span(tool) for tool in waiting.tools)
            people = ", ".join(span(user) for user in waiting.reviewers)
            until = iso(waiting.expires_at)
            lines.append(f"- {people} to decide on {tools} until {until} ({span(waiting.request_id)})")
    if state.receipts:
        lines += ["", "Decided so far:", ""]
        lines += [
            f"- {span(receipt.tool)} {span(receipt.call_id)} — {receipt.decision.kind}, {receipt.outcome}"
            for receipt in state.receipts[-30:]
        ]
    lines += ["", "Task:", fence(state.task)]
    return "\n".join(lines)


def _compact(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
