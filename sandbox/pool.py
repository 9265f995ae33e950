"""Warm helper processes, each for one block.

A helper is started before it is needed, serves one block and is killed: nothing of a block outlives it, and whatever a
block does to its interpreter it does to a process that was about to end. A kind of helper that can put its guest back
to how it was before a block may be told to serve several, one after the other.
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
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.private_folder import PREFIX, sweep
from sandbox.protocol import BlockLimits, LimitName, SandboxUnavailable
from sandbox.workspace import HelperWorkspace
from seconder.contracts.block_settings import Mount

MAX_FRAME = 8 * 2**20
_START_SECONDS = 120.0
_RENEW_SECONDS = 30.0
_WATCH_SECONDS = 0.05
_REFILL_SECONDS = 0.2
_WORKSPACES = "workspaces"
"""On disk: a workspace may be larger than what fits into memory."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_MEMORY_SLACK = 64 * 2**20


@dataclass(frozen=True)
class HelperKind:
    """What the helpers of a backend are: a script, further arguments and the whole environment for it.

    `folder` is this user's own, on disk; what blocks write lies below it. `blocks` is how many a helper serves.
    """

    script: Path
    folder: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    blocks: int = 1


class HelperGone(Exception):  # noqa: N818 - what happened, not a fault of the caller
    """The helper process ended, or sent what no helper sends, while something was expected of it."""


class Helper:
    """One child process with a guest in it, seen from the worker."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, workspace: HelperWorkspace) -> None:
        self._process = process
        self._folder = folder
        self.workspace = workspace
        self._proc = Path(f"/proc/{process.pid}")
        self._baseline = (0.0, 0)
        self._last_cpu_seconds: float | None = None
        self._served = 0
        self.peak_memory_bytes = 0
        self.at_rest = False
        """Whether the guest stands still after its block, so that it can be put back to how it was."""
        self.guest_python = ""

    @classmethod
    async def launch(cls, kind: HelperKind, mounts: tuple[Mount, ...] = ()) -> "Helper":
        """Start a helper whose guest sees these folders, and wait until it is ready. Raises SandboxUnavailable."""
        _check_mounts(mounts)
        try:
            helper = await cls._started(kind, mounts)
        except OSError as error:
            raise SandboxUnavailable(f"cannot start a helper process: {error}") from error
        try:
            async with asyncio.timeout(_START_SECONDS):
                letter, payload = await helper.receive()
        except (HelperGone, TimeoutError) as error:
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
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_folder_of_folders(kind.folder)))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            workspace = HelperWorkspace(kind.folder / _WORKSPACES)
            undo.push_async_callback(workspace.remove)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(kind.script),
                str(folder),
                str(workspace.path),
                json.dumps([(mount.source, mount.target, not mount.writable) for mount in mounts]),
                *kind.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=dict(kind.environment),
                cwd=folder,
                start_new_session=True,
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
        kind, _ = await self.receive()
        if kind != b"b":
            raise HelperGone(f"it sent {kind!r} before it had anything to run")
        self._served += 1
        self.at_rest = False
        self.peak_memory_bytes = 0
        self._last_cpu_seconds = None
        self._baseline = (self._cpu_seconds() or 0.0, self._private_bytes() or 0)

    def may_serve_again(self, blocks: int) -> bool:
        """Whether this helper can and may take a further block, of so many in all."""
        return self.at_rest and self.alive and self._served < blocks

    async def renew(self) -> None:
        """Have the guest put back to how it was before any block. Raises HelperGone."""
        await self.send(b"")
        try:
            async with asyncio.timeout(_RENEW_SECONDS):
                letter, _ = await self.receive()
        except TimeoutError:
            raise HelperGone("it did not put its guest back in time") from None
        if letter != b"r":
            raise HelperGone(f"it sent {letter!r} in place of a fresh guest")

    def cpu_seconds(self) -> float | None:
        """CPU time since `begin`, as last seen; None where the system does not tell."""
        used = self._cpu_seconds()
        if used is not None:
            self._last_cpu_seconds = max(0.0, round(used - self._baseline[0], 3))
        return self._last_cpu_seconds

    def memory_bytes(self) -> int:
        """Private resident memory since `begin`; 0 where the system does not tell."""
        used = max(0, (self._private_bytes() or 0) - self._baseline[1])
        self.peak_memory_bytes = max(self.peak_memory_bytes, used)
        return used

    async def watch(self, limits: BlockLimits) -> LimitName:
        """Returns once the helper went beyond a limit of its process that only the host can see."""
        while True:
            if (self.cpu_seconds() or 0.0) > limits.cpu_seconds:
                return "cpu_seconds"
            if self.memory_bytes() > limits.memory_bytes + _MEMORY_SLACK:
                return "memory_bytes"
            await asyncio.sleep(_WATCH_SECONDS)

    async def watch_files(self, limits: BlockLimits) -> LimitName:
        """Returns once the files in the workspace are too many or too large."""
        return await self.workspace.watch(limits, self._process.pid)

    def kill(self) -> None:
        """End the process and whatever it may have started, at once."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Kill the process and wait until it is gone: from then on nobody writes into its folders."""
        self.kill()
        await self._process.wait()

    async def end(self) -> None:
        """Kill the process, wait until it is gone, and remove what it left."""
        self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        await self.workspace.remove()

    def _cpu_seconds(self) -> float | None:
        try:
            fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / _TICK

    def _private_bytes(self) -> int | None:
        try:
            _, resident, shared, *_ = (self._proc / "statm").read_text().split()
        except OSError:
            return None
        return (int(resident) - int(shared)) * _PAGE


def _folder_of_folders(folder: Path) -> Path:
    """Where helpers have their folders, through which answers of tools pass: in memory where there is such a place."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - each folder made in it is private
    return shared_memory if os.access(shared_memory, os.W_OK) else folder


def _check_mounts(mounts: tuple[Mount, ...]) -> None:
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


class HelperPool:
    """Keeps `warm` helpers ready and lets at most `most` blocks run at once; further ones wait for their turn."""

    def __init__(self, kind: HelperKind, *, warm: int, most: int) -> None:
        self._kind = kind
        self._warm = warm
        self._places = asyncio.Semaphore(most)
        self._launches: deque[asyncio.Task[Helper]] = deque()
        self._serving: set[Helper] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self.closed = False

    async def start(self) -> str:
        """Start the warm helpers; returns the guest's Python version once one is ready."""
        for parent in (_folder_of_folders(self._kind.folder), self._kind.folder / _WORKSPACES):
            await asyncio.to_thread(sweep, parent)
        self._fill(max(1, self._warm))
        helper = await asyncio.shield(self._launches[0])
        return helper.guest_python

    @contextlib.asynccontextmanager
    async def helper(self, memory_bytes: int, mounts: tuple[Mount, ...] = ()) -> AsyncIterator[Helper]:
        """A helper for one block, bounded and ready; what the block did is gone afterwards. Raises SandboxUnavailable.

        What a guest sees is fixed when it is made: with mounts, a helper is started for this block alone.
        """
        async with self._places:
            helper = await self._take(memory_bytes, mounts)
            self._serving.add(helper)
            try:
                yield helper
            finally:
                self._serving.discard(helper)
                if helper.may_serve_again(self._kind.blocks) and not mounts and not self.closed:
                    self._launches.appendleft(asyncio.create_task(self._renewed(helper)))
                else:
                    self._retire(helper)
                self._fill(self._warm)

    async def close(self) -> None:
        """End every helper, the busy ones included."""
        self.closed = True
        for helper in self._serving:
            helper.kill()
        launches = list(self._launches)
        self._launches.clear()
        for launch in launches:
            launch.cancel()
        for ended in await asyncio.gather(*launches, return_exceptions=True):
            if isinstance(ended, Helper):
                self._retire(ended)
        await asyncio.gather(*self._ending)

    async def _take(self, memory_bytes: int, mounts: tuple[Mount, ...]) -> Helper:
        while True:
            self._check_open()
            helper = await (Helper.launch(self._kind, mounts) if mounts else self._take_warm())
            try:
                self._check_open()
                await helper.begin(memory_bytes)
            except HelperGone:
                self._retire(helper)
            except BaseException:
                self._retire(helper)
                raise
            else:
                return helper

    async def _take_warm(self) -> Helper:
        self._fill(max(1, self._warm))
        launch = self._launches.popleft()
        try:
            helper = await asyncio.shield(launch)
        except asyncio.CancelledError:
            self._launches.appendleft(launch)
            raise
        # Not at once: starting a process would compete with the block that is about to begin, and most end sooner.
        asyncio.get_running_loop().call_later(_REFILL_SECONDS, self._fill, self._warm)
        return helper

    async def _renewed(self, helper: Helper) -> Helper:
        try:
            await helper.renew()
        except HelperGone:
            self._retire(helper)
            return await Helper.launch(self._kind)
        except BaseException:
            self._retire(helper)
            raise
        return helper

    def _check_open(self) -> None:
        if self.closed:
            raise SandboxUnavailable("this sandbox is closed; start it before running blocks")

    def _retire(self, helper: Helper) -> None:
        # Tearing down the guest's address space takes the kernel some 50 ms that no block should wait for.
        helper.kill()
        ending = asyncio.create_task(helper.end())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _fill(self, wanted: int) -> None:
        if self._kind.blocks > 1 and self._launches:
            wanted -= len(self._serving)
        while not self.closed and len(self._launches) < wanted:
            self._launches.append(asyncio.create_task(Helper.launch(self._kind)))
