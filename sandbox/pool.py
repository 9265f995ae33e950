"""Warm helper processes, each for one block.

A helper is started before it is needed, serves one block and is killed: nothing of a block outlives it, and whatever a
block does to its interpreter it does to a process that was about to end. A kind of helper that can put its guest back
to how it was before a block may be told to serve several, one after the other.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from sandbox.helper_process import WORKSPACES, Helper, HelperGone, HelperKind, folder_of_folders
from sandbox.private_folder import sweep
from sandbox.protocol import SandboxUnavailable
from seconder.contracts.block_settings import Mount

__all__ = ["HelperKind", "HelperPool"]

_REFILL_SECONDS = 0.2
_TRIES = 5


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
        for parent in (folder_of_folders(self._kind.folder), self._kind.folder / WORKSPACES):
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
        while self._ending:
            await asyncio.gather(*self._ending)

    async def _take(self, memory_bytes: int, mounts: tuple[Mount, ...]) -> Helper:
        for _ in range(_TRIES):
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
        raise SandboxUnavailable(f"{_TRIES} helper processes in a row ended before they could run a block")

    async def _take_warm(self) -> Helper:
        self._fill(max(1, self._warm))
        launch = self._launches.popleft()
        if launch.done() and (launch.cancelled() or launch.exception() is not None):
            # Started for nobody, and failed: what counts is whether one can be started now.
            launch = asyncio.create_task(Helper.launch(self._kind))
        try:
            helper = await asyncio.shield(launch)
        except asyncio.CancelledError:
            if self.closed:
                launch.cancel()
            else:
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
