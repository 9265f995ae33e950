"""A session as a timeline."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seconder.cli.printing import block, duration, output, plain
from seconder.contracts.base import iso
from seconder.contracts.calls import Receipt
from seconder.contracts.session import Entry, SessionState, Usage
from seconder.effects import Effect
from seconder.views import SessionView

Detail = Mapping[str, JsonValue]

_STYLES: Final = {
    "decision": "bold",
    "outcome": "bold",
    "answer": "green",
    "refused_call": "yellow",
    "limit": "red",
    "error": "red",
}


def print_session(view: SessionView) -> None:
    """Print everything that is known of a session, oldest first."""
    console = output()
    _print_head(console, view)
    if view.transcript:
        console.print()
        _print_entries(console, view)
    if view.state and view.state.waiting:
        console.print()
        _print_waiting(console, view.state)
    if view.result and not view.transcript:
        _print_receipts(console, view.result.receipts)
    _print_end(console, view)
    if view.unanswered:
        console.print()
        console.print(plain(f"Without a worker's answer: {view.unanswered}", "yellow"))


def _print_head(console: Console, view: SessionView) -> None:
    summary, state, request = view.summary, view.state, view.request
    status = state.status if state and summary.execution == "running" else summary.state or summary.execution
    if summary.execution not in ("running", "completed"):
        status = summary.execution
    agent = f"{summary.agent} {state.agent_version}" if state else summary.agent
    times = f"started {iso(summary.started_at)}"
    if summary.ended_at:
        times += f", ended {iso(summary.ended_at)}"
    grid = Table.grid(padding=(0, 2))
    grid.add_row(plain("session", "bold"), plain(summary.session_id))
    grid.add_row(plain("status", "bold"), plain(status.replace("_", " ")))
    grid.add_row(plain("agent", "bold"), plain(agent))
    grid.add_row(plain("for", "bold"), plain(summary.requester))
    grid.add_row(plain("times", "bold"), plain(times))
    usage = state.usage if state else view.result.usage if view.result else None
    if usage:
        grid.add_row(plain("usage", "bold"), plain(_usage(usage)))
    grid.add_row(plain("task", "bold"), block(request.task if request else summary.task))
    console.print(grid)


def _print_entries(console: Console, view: SessionView) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    tools = _names_of_calls(entry for entry in view.transcript if entry.kind == "call")
    for entry in view.transcript:
        said = _said(entry, tools.get(entry.call_id, entry.call_id))
        table.add_row(plain(f"{entry.at:%H:%M:%S}"), plain(entry.kind.replace("_", " "), "cyan"), said)
    console.print(table)


def _names_of_calls(calls: Iterable[Entry]) -> dict[str, str]:
    """The tool of each call, by call id; numbered where there are several of one, to tell which was decided."""
    tools = {call.call_id: str(call.detail.get("tool")) for call in calls}
    counted = Counter(tools.values())
    numbers = {tool: itertools.count(1) for tool in counted}
    return {
        call_id: f"{tool} {next(numbers[tool])} of {counted[tool]}" if counted[tool] > 1 else tool
        for call_id, tool in tools.items()
    }


def _said(entry: Entry, tool: str) -> Text:
    """The entry's text, after what its detail says: which tool, decided by whom, how it came out and where."""
    text = block(entry.text, _STYLES.get(entry.kind, ""))
    if entry.kind not in _HEADINGS:
        return text
    heading = plain(_HEADINGS[entry.kind](entry.detail, tool), "bold")
    if entry.kind == "decision" and entry.text == entry.detail.get("kind"):
        return heading
    return Text("\n" if "\n" in entry.text else ": ").join([heading, text])


def _decision(detail: Detail, tool: str) -> str:
    reviewers = detail.get("reviewers")
    people = ", ".join(map(str, reviewers)) if isinstance(reviewers, list) and reviewers else "nobody"
    return f"{tool} {detail.get('kind')} by {people}"


def _block(detail: Detail, _: str) -> str:
    where = f" in {detail['sandbox']}" if detail.get("sandbox") else ""
    waits = f"waits for {_counted(detail['waits_for'])}" if "waits_for" in detail else ""
    return f"{detail.get('kind')}{where}, {waits or f'after {_counted(detail.get("calls"))}'}"


def _counted(calls: JsonValue) -> str:
    """Calls by tool, as in `52 get_order, 1 list_customers`."""
    found = calls if isinstance(calls, dict) else {}
    return ", ".join(f"{count} {tool}" for tool, count in found.items()) or "no calls"


def _outcome(detail: Detail, tool: str) -> str:
    where = f" on {detail['worker']}" if detail.get("worker") else ""
    return f"{tool} {detail.get('outcome')}{where}"


_HEADINGS: Final[dict[str, Callable[[Detail, str], str]]] = {
    "call": lambda detail, tool: f"{tool} ({Effect(str(detail.get('effect'))).in_words})",
    "refused_call": lambda detail, _: str(detail.get("tool")),
    "decision": _decision,
    "outcome": _outcome,
    "block": _block,
}


def _print_waiting(console: Console, state: SessionState) -> None:
    for waiting in state.waiting:
        left = (waiting.expires_at - waiting.since).total_seconds()
        console.print(
            plain(
                f"Waits for {', '.join(waiting.reviewers)} to decide on {', '.join(waiting.tools)} "
                f"({waiting.request_id}), since {iso(waiting.since)}, for at most {duration(left)}.",
                "bold yellow",
            )
        )


def _print_receipts(console: Console, receipts: tuple[Receipt, ...]) -> None:
    for receipt in receipts:
        by = ", ".join(review.reviewer.user_id for review in receipt.decision.reviews) or "nobody"
        console.print(plain(f"{receipt.tool}: {receipt.decision.kind} by {by}, {receipt.outcome}"))


def _print_end(console: Console, view: SessionView) -> None:
    if view.failure:
        console.print()
        console.print(plain(view.failure, "red"))
    if view.result is None:
        return
    console.print()
    if view.result.error:
        console.print(plain(f"{view.result.status}: {view.result.error}", "red"))
    elif view.result.output is not None:
        answer = view.result.output
        console.print(block(answer if isinstance(answer, str) else json.dumps(answer, indent=2, ensure_ascii=False)))


def _usage(usage: Usage) -> str:
    return (
        f"model requests: {usage.model_requests}; tokens: {usage.tokens} ({usage.input_tokens} in, "
        f"{usage.output_tokens} out); blocks: {usage.blocks}; tool calls: {usage.tool_calls}"
    )
