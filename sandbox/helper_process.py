"""A helper: a child process with a guest in it, as the worker sees it.

The process runs a script of the backend, such as `helper.py`; `channel.py` says what crosses between the two.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.private_folder import PREFIX
from sandbox.process_usage import ProcessUsage
from sandbox.protocol import BlockLimits, LimitName, SandboxUnavailable
from sandbox.workspace import HelperWorkspace
from seconder.child_processes import end_group, ended, start_child
from seconder.contracts.block_settings import Mount

MAX_FRAME = 8 * 2**20
WORKSPACES = "workspaces"
"""On disk: a workspace may be larger than what fits into memory."""
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class HelperKind:
    """What the helpers of a backend are: a script, further arguments and the whole environment for it.

    `folder` is this user's own, on disk; what blocks write lies below it. `blocks` is how many a helper serves, and
    `start_seconds` how long one may take until it is ready for the first.
    """

    script: Path
    folder: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    blocks: int = 1
    start_seconds: float = 60.0


class HelperGone(Exception):  # noqa: N818 - what happened, not a fault of the caller
    """The helper process ended, or sent what no helper sends, while something was expected of it."""


class Helper:
    """One child process with a guest in it, seen from the worker."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, workspace: HelperWorkspace) -> None:
        self._process = process
        self._folder = folder
        self.workspace = workspace
        self.usage = ProcessUsage(process.pid)
        self._served = 0
        self.at_rest = False
        """Whether the guest stands still after its block, so that it can be put back to how it was."""
        self.guest_python = ""

    @classmethod
    async def launch(cls, kind: HelperKind, mounts: tuple[Mount, ...] = ()) -> "Helper":
        """Start a helper whose guest sees these folders, and wait until it is ready. Raises SandboxUnavailable."""
        check_mounts(mounts)
        try:
            helper = await cls._started(kind, mounts)
        except OSError as error:
            raise SandboxUnavailable(f"cannot start a helper process: {error}") from error
        try:
            async with asyncio.timeout(kind.start_seconds):
                letter, payload = await helper.receive()
        except TimeoutError as error:
            await helper.end()
            raise SandboxUnavailable(f"a helper was not ready within {kind.start_seconds:g} s") from error
        except HelperGone as error:
            await helper.end()
            raise SandboxUnavailable(f"the helper process did not become ready: {error}") from error
        except BaseException:
            await helper.end()
            raise
        if letter != b"r":
            await helper.end()
            raise SandboxUnavailable(f"the sandbox cannot run here: {payload.decode('utf-8', 'replace')}")
        helper.guest_python = payload.decode()
        return helper

    @classmethod
    async def _started(cls, kind: HelperKind, mounts: tuple[Mount, ...]) -> "Helper":
        async with contextlib.AsyncExitStack() as undo:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder_of_folders(kind.folder)))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            workspace = HelperWorkspace(kind.folder / WORKSPACES)
            undo.push_async_callback(workspace.remove)
            process = await start_child(
                *(sys.executable, "-I", kind.script, folder, workspace.path),
                json.dumps([(mount.source, mount.target, not mount.writable) for mount in mounts]),
                *kind.arguments,
                environment=kind.environment,
                folder=folder,
                stdin=asyncio.subprocess.PIPE,
            )
            undo.pop_all()
        return cls(process, folder, workspace)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def send(self, payload: bytes) -> None:
        """Send a frame; a helper that is gone is noticed by the next `receive`."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was made with a pipe
        stdin.write(struct.pack(">I", len(payload)) + payload)
        with contextlib.suppress(ConnectionError):
            await stdin.drain()

    async def receive(self) -> tuple[bytes, bytes]:
        """The next frame: its letter and its payload. Raises HelperGone."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it was made with a pipe
        try:
            header = await stdout.readexactly(5)
            size = int.from_bytes(header[1:])
            if size > MAX_FRAME:
                raise HelperGone(f"it sent a message of {size:,} bytes")
            return header[:1], await stdout.readexactly(size)
        except asyncio.IncompleteReadError:
            code = await self._process.wait()
            raise HelperGone(_ending_of(code)) from None

    async def begin(self, memory_bytes: int) -> None:
        """Give the guest its memory limit; from now on, what it uses counts. Raises HelperGone."""
        await self.send(b"%d" % memory_bytes)
        kind, _ = await self._soon("it did not take its memory limit in time")
        if kind != b"b":
            raise HelperGone(f"it sent {kind!r} before it had anything to run")
        self._served += 1
        self.at_rest = False
        self.usage.begin()

    def may_serve_again(self, blocks: int) -> bool:
        """Whether this helper can and may take a further block, of so many in all."""
        return self.at_rest and self.alive and self._served < blocks

    async def renew(self) -> None:
        """Have the guest put back to how it was before any block. Raises HelperGone."""
        await self.send(b"")
        letter, _ = await self._soon("it did not put its guest back in time")
        if letter != b"r":
            raise HelperGone(f"it sent {letter!r} in place of a fresh guest")

    async def _soon(self, otherwise: str) -> tuple[bytes, bytes]:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self.receive()
        except TimeoutError:
            raise HelperGone(otherwise) from None

    async def watch_files(self, limits: BlockLimits) -> LimitName:
        """Returns once the files in the workspace are too many or too large."""
        return await self.workspace.watch(limits, self._process.pid)

    def kill(self) -> None:
        """End the process and whatever it may have started, at once."""
        if self.alive:
            end_group(self._process)

    async def stop(self) -> None:
        """Kill the process and wait until it is gone: from then on nobody writes into its folders."""
        self.kill()
        await ended(self._process)

    async def end(self) -> None:
        """Kill the process, wait until it is gone, and remove what it left."""
        self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await ended(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)
        await self.workspace.remove()


def folder_of_folders(folder: Path) -> Path:
    """Where helpers have their folders, through which answers of tools pass: in memory where there is such a place."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - each folder made in it is private
    return shared_memory if os.access(shared_memory, os.W_OK) else folder


def check_mounts(mounts: tuple[Mount, ...]) -> None:
    """Raises SandboxUnavailable if a folder that blocks are to see is not there, or not for this user."""
    for mount in mounts:
        wanted = os.R_OK | os.X_OK | (os.W_OK if mount.writable else 0)
        if not Path(mount.source).is_dir():
            problem = "is no folder on this machine"
        elif not os.access(mount.source, wanted):
            problem = f"cannot be {'written to' if mount.writable else 'read'} by this worker"
        else:
            continue
        raise SandboxUnavailable(
            f"{mount.source}, which blocks are to see as {mount.target}, {problem}; "
            "mend that, or take the mount out of the agent"
        )


def _ending_of(code: int) -> str:
    if code >= 0:
        return f"it exited with code {code}"
    return f"it was ended by {signal.Signals(-code).name}"
