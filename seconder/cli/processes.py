"""`seconder demo|dev|check`: commands of the application, which lives in a checkout and not in this package."""

import os
import sys

import typer

from seconder.checkout import find_checkout, with_own_modules

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    """Add these commands; every further argument belongs to the process."""
    app.command("demo", context_settings=_PASS_ON)(demo)
    app.command("dev", context_settings=_PASS_ON)(dev)
    app.command("check", context_settings=_PASS_ON)(check)


def demo(context: typer.Context) -> None:
    """Run the example end to end on this machine, with nothing but this checkout."""
    _become("demo", context.args)


def dev(context: typer.Context) -> None:
    """Run all processes for one's own agents on this machine."""
    _become("dev", context.args)


def check(context: typer.Context) -> None:
    """Tell service by service what works, and how to mend what does not."""
    _become("check", context.args)


def _become(command: str, arguments: list[str]) -> None:
    """Replace this process by the application's, so that signals and the exit code are its own."""
    checkout = find_checkout()
    environment = with_own_modules(dict(os.environ))
    os.chdir(checkout)
    sys.stdout.flush()
    sys.stderr.flush()
    argv = [sys.executable, "-m", "workers", command, *arguments]
    os.execve(sys.executable, argv, environment)  # noqa: S606 - there is no shell
