"""`dev`: all processes in one, with an embedded Temporal and stand-ins for whatever has no account."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from temporalio.client import Client

from seconder.connection import configured_address, connect
from seconder.testing.model import Script, ScriptedModel
from seconder.testing.slack import LocalSlack
from workers.code import code
from workers.embedded import embedded_temporal
from workers.engine import engine
from workers.gateway import gateway
from workers.local import load_script, local_services
from workers.lock import only_one
from workers.running import stop_signals
from workers.search_attributes import ensure_search_attributes
from workers.settings import Settings
from workers.storage import working_store
from workers.tools import queues_of, tools

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ports:
    """Where the embedded servers listen, on loopback; 0 takes any free port."""

    temporal: int = 7233
    ui: int = 8233
    slack: int = 8400
    model: int = 0


@dataclass(frozen=True)
class Running:
    """Everything that is up. `slack` and `model` are None where the real service is used."""

    client: Client
    settings: Settings
    address: str
    ui_url: str
    """Of the embedded server; empty when Temporal runs elsewhere."""
    slack: LocalSlack | None
    model: ScriptedModel | None


@asynccontextmanager
async def everything(
    settings: Settings,
    ports: Ports,
    *,
    script: Script | None = None,
    history: Path | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Running]:
    """Run all processes while the context is open, and stop all that was started when it closes.

    `history` is the folder of the embedded Temporal's database, by default the data folder.

    Raises:
        ConfigurationError: a port is in use, a program or a setting is missing, another one uses the data folder.
        ServiceError: something did not come up.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(only_one(settings.data))
        address, ui_url = configured_address() or "", ""
        if not address:
            on_progress("Starting Temporal")
            temporal = await stack.enter_async_context(
                embedded_temporal(history or settings.data, port=ports.temporal, ui_port=ports.ui)
            )
            address, ui_url = temporal.address, temporal.ui_url
        on_progress("Starting Slack and the model")
        local = await stack.enter_async_context(
            local_services(settings, slack_port=ports.slack, model_port=ports.model, script=script)
        )
        client = await connect(address=address, storage=await working_store(settings))
        await ensure_search_attributes(client)
        on_progress("Starting the sandbox")
        await stack.enter_async_context(code(client, local.settings, on_progress=on_progress))
        on_progress("Starting the workers and the gateway")
        await stack.enter_async_context(engine(client, local.settings))
        for queue in queues_of(local.settings):
            await stack.enter_async_context(tools(client, local.settings, task_queue=queue))
        await stack.enter_async_context(gateway(client, local.settings))
        yield Running(
            client=client,
            settings=local.settings,
            address=address,
            ui_url=ui_url,
            slack=local.slack,
            model=local.model,
        )


async def dev(settings: Settings, ports: Ports, script: str, *, as_json: bool) -> None:
    """Run everything until told to stop, and say on standard output where it is."""
    loaded = load_script(script) if script else None
    async with stop_signals() as stop, everything(settings, ports, script=loaded, on_progress=_log_progress) as running:
        places = {
            "temporal": running.address,
            "ui": running.ui_url,
            "slack": running.slack.page_url if running.slack else "",
            "data": str(settings.data.resolve()),
        }
        lines = [json.dumps(places)] if as_json else [f"{name:9}{place}" for name, place in places.items() if place]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _log_progress(sentence: str) -> None:
    _log.info("dev.starting", step=sentence)
