"""The command line as a whole: its groups, and what every mistake becomes.

Exit codes: 0 done, 1 the session did not complete, 2 something has to be mended first, 130 interrupted.
"""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from seconder.cli import approvals, files, processes, sessions, tools
from seconder.cli.printing import complain
from seconder.client import SessionFailedError
from seconder.errors import SeconderError
from seconder.leaving import leave

app = typer.Typer(
    name="seconder",
    help="An agent moves, a person seconds: sessions of agents whose side effects wait for approval in Slack.",
    add_completion=False,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)
for group in (sessions, approvals, files, tools, processes):
    group.register(app)


@dataclass
class Invocation:
    """What holds for one run of the command, whichever group it belongs to."""

    debug: bool = False


@app.callback()
def _seconder(
    context: typer.Context,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    context.ensure_object(Invocation).debug = debug
    if show_version:
        typer.echo(version("seconder"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def main() -> NoReturn:
    """Run the command of this process, and end it."""
    leave(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command, by default that of the process, and give back its exit code."""
    invocation = Invocation()
    try:
        code = app(args=arguments, standalone_mode=False, obj=invocation, prog_name="seconder")
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does.
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - told to the user in a sentence
        if invocation.debug:
            traceback.print_exc()
        return _exit_code_of(error)
    return code if isinstance(code, int) else 0


def _exit_code_of(error: Exception) -> int:
    if isinstance(error, typer.TyperException):
        complain(f"{error.format_message().rstrip('.')}. Try `seconder --help`.")
        return 2
    if isinstance(error, SessionFailedError):
        complain(str(error))
        return 1
    if isinstance(error, SeconderError):
        complain(str(error))
        return 2
    complain(f"Unexpected {type(error).__name__}: {error}. `seconder --debug …` shows where.")
    return 2
