"""`python -m workers engine|code|tools|gateway|dev|demo|check`: the processes, one a command."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from seconder import names
from seconder.connection import connect
from seconder.errors import SeconderError
from seconder.leaving import leave
from workers.checkout import check_checkout
from workers.logging import configure_logging
from workers.settings import Settings, load_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

AppOption = Annotated[str, typer.Option("--app", help="Agents as package.module:attribute, comma-separated.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Folder for everything that is kept on disk.")]


@app.command()
def engine() -> None:
    """Run the workflows, the model and the notices."""

    async def run() -> None:
        from workers.engine import engine as process
        from workers.running import serve
        from workers.search_attributes import require_search_attributes
        from workers.storage import working_store

        settings = _settings()
        settings.require("engine")
        client = await connect(storage=await working_store(settings))
        await require_search_attributes(client)
        await serve("engine", process(client, settings))

    _main(run)


@app.command()
def code() -> None:
    """Run code blocks and the reads that they call."""

    async def run() -> None:
        from workers.code import code as process
        from workers.running import serve
        from workers.storage import working_store

        settings = _settings()
        settings.require("code")
        await serve("code", process(await connect(storage=await working_store(settings)), settings))

    _main(run)


@app.command()
def tools(
    queue: Annotated[str, typer.Option(help="The queue of one agent's identity.")] = names.TOOLS_QUEUE,
) -> None:
    """Run side-effecting tools."""

    async def run() -> None:
        from workers.running import serve
        from workers.storage import working_store
        from workers.tools import tools as process

        settings = _settings()
        settings.require("tools")
        client = await connect(storage=await working_store(settings))
        await serve("tools", process(client, settings, task_queue=queue))

    _main(run)


@app.command()
def gateway() -> None:
    """Take clicks from Slack and signal them to Temporal."""

    async def run() -> None:
        from workers.gateway import gateway as process
        from workers.running import serve
        from workers.storage import artifact_store

        settings = _settings()
        settings.require("gateway")
        # Lazily: while Temporal or the store is down, people who click must be told that nothing was recorded.
        client = await connect(lazy=True, storage=artifact_store(settings))
        await serve("gateway", process(client, settings))

    _main(run)


TemporalPort = Annotated[int, typer.Option("--temporal-port", help="Of the embedded Temporal.")]
UiPort = Annotated[int, typer.Option("--ui-port", help="Of the embedded Temporal's web UI.")]
SlackPort = Annotated[int, typer.Option("--slack-port", help="Of the local Slack.")]
ModelPort = Annotated[int, typer.Option("--model-port", help="Of the scripted model; 0 takes a free one.")]


@app.command()
def dev(
    app: AppOption = "",
    data: DataOption = None,
    script: Annotated[str, typer.Option(help="A seconder.testing.Script as package.module:attribute.")] = "",
    temporal_port: TemporalPort = 7233,
    ui_port: UiPort = 8233,
    slack_port: SlackPort = 8400,
    model_port: ModelPort = 0,
    json: Annotated[bool, typer.Option("--json", help="Say where everything is in one line of JSON.")] = False,
) -> None:
    """Run everything on one machine, with stand-ins for whatever has no account."""

    async def run() -> None:
        from workers.dev import Ports
        from workers.dev import dev as process

        settings = _settings(app=_references(app), data=data)
        await process(settings, Ports(temporal_port, ui_port, slack_port, model_port), script, as_json=json)

    _main(run)


@app.command()
def demo(
    yes: Annotated[bool, typer.Option("--yes", help="Let a scripted approver click.")] = False,
    data: DataOption = None,
    temporal_port: TemporalPort = 7233,
    ui_port: UiPort = 8233,
    slack_port: SlackPort = 8400,
    model_port: ModelPort = 0,
) -> None:
    """Run the support desk's story, from an empty folder to a summary."""

    async def run() -> int:
        from rich.console import Console

        console = Console()
        console.print("Starting Temporal, Slack, a model and the workers. The first time takes a little longer.")
        from workers.demo import demo as process
        from workers.dev import Ports

        if not os.environ.get("TEMPORAL_PROFILE"):
            # A default profile that lies around must not send the demo to somebody's cluster.
            os.environ["TEMPORAL_CONFIG_FILE"] = os.devnull
        settings = _settings(data=data, log_level="warning")
        return await process(settings, Ports(temporal_port, ui_port, slack_port, model_port), console, yes=yes)

    _main(run)


@app.command()
def check(
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Say, service by service, what can be reached, and how to mend what cannot."""

    async def run() -> int:
        from workers.check import check as process

        return await process(_settings(log_level="warning"), as_json=json)

    _main(run)


def _references(app: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in app.split(",") if part.strip())


def main() -> None:
    """Run one command; a mistake that the user can mend gives one sentence and exit code 2."""
    app()


def _settings(**changes: object) -> Settings:
    settings = load_settings().changed(**{key: value for key, value in changes.items() if value})
    configure_logging(settings)
    return settings


def _main(run: Callable[[], Coroutine[Any, Any, int | None]]) -> NoReturn:
    try:
        check_checkout()
        code = asyncio.run(run())
    except SeconderError as error:
        sys.stderr.write(f"seconder: {error}\n")
        code = 2
    leave(code or 0)


if __name__ == "__main__":
    main()
