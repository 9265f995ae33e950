"""Running one process: from the settings to its orderly end on SIGINT or SIGTERM."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """An event that is set by the first SIGINT or SIGTERM; a second one ends the process in Python's own way."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        _log.info("process.stopping", signal=number.name)
        stop.set()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def serve(name: str, process: AbstractAsyncContextManager[Any]) -> None:
    """Keep a process up until it is told to stop."""
    async with stop_signals() as stop, process:
        _log.info("process.ready", process=name)
        await stop.wait()
    _log.info("process.stopped", process=name)
