"""`seconder demo|dev|check`: commands of the application, which lives in a checkout and not in this package."""

import os
import sys
from pathlib import Path

import typer

import seconder
from seconder.errors import ConfigurationError

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
    os.chdir(_checkout())
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "workers", command, *arguments])  # noqa: S606 - there is no shell


def _checkout() -> Path:
    beside_the_package = Path(seconder.__file__).resolve().parent.parent
    for folder in (Path.cwd(), beside_the_package):
        if (folder / "workers" / "__main__.py").is_file() and (folder / "seconder" / "names.py").is_file():
            return folder
    raise ConfigurationError(
        "This command runs the application, which is not part of the package. "
        "Clone the repository of Seconder and run it there, as `uv run seconder …`."
    )
