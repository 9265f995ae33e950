"""Child processes of which none is left behind by a caller that is cancelled while one starts."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PIECE: Final = 2**16
_PIPE: Final = asyncio.subprocess.PIPE
_NOTHING: Final = asyncio.subprocess.DEVNULL


async def start_child(
    *command: str | Path,
    environment: Mapping[str, str],
    folder: Path,
    stdin: int = _NOTHING,
    stdout: int = _PIPE,
    stderr: int = _NOTHING,
) -> asyncio.subprocess.Process:
    """Start a program in `folder`, in a process group of its own, with this environment and nothing else of ours.

    Raises:
        OSError: it cannot be started.
    """
    # asyncio cannot be cancelled here: it would end the child alone, and wait for pipes that were never joined.
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_end_unwanted)
        raise


def end_group(process: asyncio.subprocess.Process) -> None:
    """Kill a child of `start_child` and all that it started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Wait until a child is gone that was killed, or ends by itself; what it had still to say is dropped."""
    # What fills its pipes has to be read: asyncio waits for the end of that, too.
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(_PIECE):
            pass
    await process.wait()


def _end_unwanted(starting: asyncio.Future[asyncio.subprocess.Process]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        end_group(starting.result())
