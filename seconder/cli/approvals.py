"""`seconder approvals`: what waits, for whom, for how long."""

import json

import typer
from rich.text import Text

from seconder.cli.asking import ask
from seconder.cli.printing import duration, plain, print_json, print_table, progress
from seconder.cli.sessions import JsonOption
from seconder.contracts.calls import Call
from seconder.views import OpenRequest

_CALL_MAX = 200


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("approvals")(approvals)


def approvals(*, as_json: JsonOption = False) -> None:
    """List the requests that wait for people, the longest waiting first."""
    found = ask(lambda client: client.approvals())
    if as_json:
        print_json(list(found))
    elif not found:
        progress().print("Nothing waits for approval.")
    else:
        print_table(("request", "session", "calls", "for", "waiting", "expires", "notice"), map(_row, found))
        if all(waiting.state is None for waiting in found):
            progress().print("No engine worker answered, so it is not known whether the notices are posted.")


def _row(waiting: OpenRequest) -> tuple[Text, ...]:
    request = waiting.request
    if request is None:
        empty = plain("")
        return (plain(waiting.request_id), empty, plain(waiting.problem), empty, plain(_waited(waiting)), empty, empty)
    undecided = [call for call in request.calls if not _is_decided(waiting, call)]
    return (
        plain(waiting.request_id),
        plain(request.session_id),
        Text("\n").join(plain(_call(call)) for call in undecided),
        plain(", ".join(request.reviewers)),
        plain(_waited(waiting)),
        plain(_expiry(waiting)),
        plain(_notice(waiting)),
    )


def _is_decided(waiting: OpenRequest, call: Call) -> bool:
    decided = waiting.state.decisions if waiting.state else ()
    return any(decision.digest == call.digest for decision in decided)


def _call(call: Call) -> str:
    if call.is_block:
        return "a code block"
    arguments = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in call.arguments.items())
    shown = f"{call.tool}({arguments})"
    return shown if len(shown) <= _CALL_MAX else f"{shown[:_CALL_MAX]}… (`--json` shows all)"


def _waited(waiting: OpenRequest) -> str:
    return duration(waiting.waiting_seconds)


def _expiry(waiting: OpenRequest) -> str:
    left = waiting.expires_in_seconds or 0.0
    return f"in {duration(left)}" if left > 0 else "expired"


def _notice(waiting: OpenRequest) -> str:
    if waiting.state is None:
        return "unknown"
    if waiting.state.notice:
        return "posted"
    return f"not posted: {waiting.state.notice_problem}" if waiting.state.notice_problem else "not posted yet"
