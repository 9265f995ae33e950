"""`seconder start|list|show|send|cancel`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from seconder.cli import timeline
from seconder.cli.asking import ask
from seconder.cli.printing import ago, block, output, plain, print_json, print_table, progress
from seconder.client import SeconderClient
from seconder.contracts.session import SessionResult, SessionStatus
from seconder.errors import ConfigurationError
from seconder.starting import build_request
from seconder.views import SessionHandle, SessionSummary

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="The id of a session.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("start")(start)
    app.command("list")(list_sessions)
    app.command("show")(show)
    app.command("send")(send)
    app.command("cancel")(cancel)


def start(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The name of an agent that the engine serves.")],
    task: Annotated[str, typer.Argument(metavar="TASK", help="What to do; - reads it from standard input.")],
    *,
    requester: Annotated[str, typer.Option(help="On whose behalf: a Slack user id.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and print the answer.")] = False,
    session_id: Annotated[str | None, typer.Option("--id", help="An id of your own for the session.")] = None,
    schema: Annotated[Path | None, typer.Option(help="A file with a JSON Schema that the answer must obey.")] = None,
    idle: Annotated[float, typer.Option(help="Seconds to wait for a further message after an answer.")] = 0.0,
    as_json: JsonOption = False,
) -> int:
    """Start a session of an agent."""
    request = build_request(
        agent=agent,
        task=sys.stdin.read() if task == "-" else task,
        requester=requester,
        output_schema=_schema_in(schema) if schema else None,
        idle_seconds=idle,
    )

    async def run(client: SeconderClient) -> SessionHandle | SessionResult:
        handle = await client.start(request, session_id)
        progress().print(plain(f"Session {handle.session_id} has started: `seconder show {handle.session_id}`"))
        return await client.wait(handle.session_id) if wait else handle

    answer = ask(run)
    if as_json:
        print_json(answer)
    elif isinstance(answer, SessionHandle):
        output().print(plain(answer.session_id))
    else:
        _print_result(answer)
    return 1 if isinstance(answer, SessionResult) and answer.status != "completed" else 0


def list_sessions(
    *,
    agent: Annotated[str | None, typer.Option(help="Only of this agent.")] = None,
    requester: Annotated[str | None, typer.Option(help="Only on behalf of this Slack user.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state, such as waiting_for_approval.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List sessions, the newest first."""
    wanted = _state_named(state) if state is not None else None
    found = ask(lambda client: client.list(agent=agent, requester=requester, state=wanted, limit=limit))
    if as_json:
        print_json(list(found))
    elif not found:
        progress().print("There are no such sessions.")
    else:
        print_table(
            ("session", "agent", "state", "for", "started", "task"),
            [
                (
                    plain(summary.session_id),
                    plain(summary.agent),
                    plain(_state_of(summary)),
                    plain(summary.requester),
                    plain(ago(summary.started_at)),
                    plain(summary.task),
                )
                for summary in found
            ],
        )


def show(session: SessionArgument, *, as_json: JsonOption = False) -> None:
    """Show one session as a timeline."""
    view = ask(lambda client: client.show(session))
    if as_json:
        print_json(view)
    else:
        timeline.print_session(view)


def send(
    session: SessionArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Text for the model's next turn; - reads it.")],
    *,
    sender: Annotated[str, typer.Option(help="Whose message it is: a Slack user id.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Send a message to a session."""
    message = sys.stdin.read() if text == "-" else text
    ask(lambda client: client.send(session, message, sender))
    _confirm(f"Sent to session {session}.", {"session": session, "sent": True}, as_json=as_json)


def cancel(session: SessionArgument, *, as_json: JsonOption = False) -> None:
    """Ask a session to stop: what waits is taken back, what already runs is seen to its end."""
    ask(lambda client: client.cancel(session))
    _confirm(f"Session {session} is asked to stop.", {"session": session, "cancelling": True}, as_json=as_json)


def _confirm(sentence: str, value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        progress().print(plain(sentence))


def _print_result(result: SessionResult) -> None:
    if result.status == "completed":
        answer = result.output if isinstance(result.output, str) else json.dumps(result.output, indent=2)
        output().print(block(answer), soft_wrap=True)
    else:
        progress().print(plain(f"The session ended as {result.status}: {result.error}", "bold"))


def _state_of(summary: SessionSummary) -> str:
    if summary.execution in ("running", "completed"):
        return summary.state or summary.execution
    return summary.execution


def _state_named(state: str) -> SessionStatus:
    known: tuple[SessionStatus, ...] = get_args(SessionStatus)
    for status in known:
        if status == state:
            return status
    raise ConfigurationError(f"{state!r} is no state of a session; there are {', '.join(known)}.")


def _schema_in(file: Path) -> dict[str, Any]:
    try:
        schema = json.loads(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"The schema {file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"The schema {file} is no JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise ConfigurationError(f"The schema {file} is no JSON Schema: it must be an object.")
    return schema
