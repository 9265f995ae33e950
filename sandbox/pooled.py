"""What the backends with a helper process for each block have in common: from a block to its outcome.

    class EryxSandbox(PooledSandbox):
        backend = "eryx"

        async def _prepared(self) -> HelperKind: …               # unpack, check, say how helpers are started
        def _version(self) -> str: …

The guest reaches nothing but the bridge. The process around it holds no secret, sees no environment, and is killed when
its block ends, so that even an escape would find nothing.
"""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from sandbox.conversation import Conversation
from sandbox.helper_process import Helper, HelperGone, HelperKind
from sandbox.pool import HelperPool
from sandbox.protocol import (
    Answerer,
    BlockCompleted,
    BlockFailed,
    BlockOutcome,
    BlockSpec,
    BlockSuspended,
    LimitName,
    SandboxDescription,
    SandboxUnavailable,
)

PLACES: Final = max(4, 2 * (os.cpu_count() or 1))
"""How many blocks run at once, unless a sandbox is told otherwise."""


class PooledSandbox(ABC):
    """Runs each block in a helper of its own; implements `sandbox.protocol.Sandbox`.

    `warm` helpers wait for blocks; at most `most` blocks run at once.
    """

    backend: ClassVar[str]

    def __init__(self, *, warm: int, most: int | None) -> None:
        self._warm = warm
        self._most = most or PLACES
        self._pool: HelperPool | None = None
        self._python = ""

    @abstractmethod
    async def _prepared(self) -> HelperKind:
        """Make ready what helpers need, and say how they are started. Raises SandboxUnavailable."""

    @abstractmethod
    def _version(self) -> str:
        """The version of what runs the guests. Raises SandboxUnavailable if it is not installed."""

    def _ending_for(self, reason: str) -> Literal["exited", "crashed", "out of memory"]:
        """What a guest's end means, by the reason that its helper gave."""
        return "exited"

    async def start(self) -> None:
        """Make ready to run blocks, and start the warm helpers. Raises SandboxUnavailable."""
        if self._pool is not None:
            return
        pool = HelperPool(await self._prepared(), warm=self._warm, most=self._most)
        try:
            self._python = await pool.start()
        except BaseException:
            await pool.close()
            raise
        self._pool = pool

    async def run(self, spec: BlockSpec, answer: Answerer) -> BlockOutcome:
        """Run a block until it ends or suspends; see `sandbox.protocol.Sandbox.run`."""
        if self._pool is None:
            raise SandboxUnavailable("this sandbox is not started; call start() first")
        description = self.describe()
        recorded_by = f"{description.backend} {description.version}"
        async with self._pool.helper(spec.limits.memory_bytes, spec.mounts) as helper:
            conversation = Conversation(spec, answer, recorded_by=recorded_by, cpu_seconds=helper.usage.cpu_seconds)
            if len(spec.code.encode("utf-8", "replace")) > spec.limits.code_bytes:
                return conversation.over_limit("code_bytes")
            try:
                if spec.workspace is not None:
                    await helper.workspace.fill(spec.workspace)
                outcome = await self._bounded(helper, conversation, spec)
                if spec.workspace is not None:
                    return await self._with_files(helper, conversation, spec, spec.workspace, outcome)
                return outcome
            finally:
                if not helper.at_rest:
                    helper.kill()
                await conversation.close()

    async def close(self) -> None:
        """End every running block and every helper."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    def describe(self) -> SandboxDescription:
        """Backend, version and the guest's Python (known once started)."""
        return SandboxDescription(backend=self.backend, version=self._version(), python=self._python)

    async def _bounded(self, helper: Helper, conversation: Conversation, spec: BlockSpec) -> BlockOutcome:
        talk = asyncio.create_task(self._talk(helper, conversation, spec))
        watches = [
            asyncio.create_task(watch) for watch in (helper.usage.watch(spec.limits), helper.watch_files(spec.limits))
        ]
        tasks: list[asyncio.Task[Any]] = [talk, *watches]
        try:
            await asyncio.wait(tasks, timeout=spec.limits.wall_seconds, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                return talk.result()
            overstepped = [watch.result() for watch in watches if watch.done()]
            limit: LimitName = overstepped[0] if overstepped else "wall_seconds"
            return conversation.over_limit(limit)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _with_files(
        self, helper: Helper, conversation: Conversation, spec: BlockSpec, folder: Path, outcome: BlockOutcome
    ) -> BlockOutcome:
        """The outcome, once the files are known to be within their limits; those of a completed block are kept."""
        if not isinstance(outcome, BlockCompleted | BlockSuspended):
            return outcome
        await helper.stop()
        if limit := await helper.workspace.overrun(spec.limits):
            return conversation.over_limit(limit)
        if isinstance(outcome, BlockCompleted):
            await helper.workspace.empty(folder)
        return outcome

    async def _talk(self, helper: Helper, conversation: Conversation, spec: BlockSpec) -> BlockOutcome:
        await helper.send(conversation.opening())
        try:
            while True:
                kind, payload = await helper.receive()
                if kind == b"o":
                    conversation.printed(payload)
                elif kind == b"m":
                    step = await conversation.hear(payload)
                    if not isinstance(step, bytes):
                        helper.at_rest = True
                        return step
                    await helper.send(step)
                else:
                    helper.usage.memory_bytes()
                    helper.at_rest = True
                    return self._guest_ended(helper, conversation, spec, payload.decode("utf-8", "replace"))
        except HelperGone as gone:
            return self._helper_crashed(helper, conversation, spec, str(gone))

    def _guest_ended(self, helper: Helper, conversation: Conversation, spec: BlockSpec, reason: str) -> BlockFailed:
        ending = self._ending_for(reason)
        if ending == "out of memory" or _used_up(helper, spec):
            return conversation.over_limit("memory_bytes")
        if ending == "crashed":
            return _crashed(conversation, reason[:300])
        last_line = reason.strip().splitlines()[-1].strip()[:300] if reason.strip() else "no reason given"
        return conversation.failed("SandboxExited", f"the block ended its interpreter ({last_line})")

    def _helper_crashed(self, helper: Helper, conversation: Conversation, spec: BlockSpec, how: str) -> BlockFailed:
        if self._pool is None or self._pool.closed:
            raise SandboxUnavailable("the sandbox was closed while the block ran")
        if helper.alive:
            return conversation.failed("SandboxViolation", f"the block tampered with its sandbox: {how}")
        if _used_up(helper, spec):
            return conversation.over_limit("memory_bytes")
        return _crashed(conversation, how)


def _crashed(conversation: Conversation, how: str) -> BlockFailed:
    if signal.Signals.SIGKILL.name in how:
        return conversation.failed(
            "SandboxKilled",
            "the block's process was killed from outside, most likely because the machine has no memory left; what "
            "the block did so far stands",
        )
    return conversation.failed(
        "SandboxCrashed",
        f"the block crashed its interpreter ({how}); most often that is a recursion through C code without an "
        "end (__repr__, __eq__, __getattr__, lru_cache) or data nested thousands deep",
    )


def _used_up(helper: Helper, spec: BlockSpec) -> bool:
    """Whether an interpreter that broke down did so for want of memory: it then had most of what it may have."""
    return helper.usage.peak_memory_bytes > spec.limits.memory_bytes * 0.7
