"""An asyncio loop whose only outside world is the bridge.

It turns to the host at *quiescence* only, when no task can run: so calls that a block makes together become pending
together, and the order of events is the same on every run. Time spent waiting for an answer does not count against the
block's own timers, which would make a replay of a call that took two days time out.
"""

import asyncio
from collections.abc import Callable

from sandbox.guest import fixed
from sandbox.guest.bridge import bridge


class _Quiescence:
    """Stands where other loops have the operating system's selector."""

    def __init__(self, loop: "BlockLoop") -> None:
        self.loop = loop

    def select(self, timeout: float | None) -> list[object]:
        if timeout is not None and timeout <= 0:
            return []
        if bridge.waiting:
            bridge.deliver()
        elif timeout is not None:
            self.loop.pass_time(timeout)
        else:
            raise RuntimeError("every task of the block waits for something that no other task will ever do")
        return []


class BlockLoop(asyncio.BaseEventLoop):
    """Runs the tasks of a block; its time passes only in sleeps and timers, at once."""

    def __init__(self) -> None:
        self._passed = 0.0
        super().__init__()
        # The system's own may be zero, with which a timer that is just due would never fire.
        self._clock_resolution = 1e-6
        self._selector = _Quiescence(self)

    def time(self) -> float:
        return self._passed

    def pass_time(self, seconds: float) -> None:
        self._passed += seconds
        fixed.sleep(seconds)

    def run_in_executor[R](self, executor: object, func: Callable[..., R], *args: object) -> asyncio.Future[R]:
        # There are no threads: what was meant for one runs here and now.
        future: asyncio.Future[R] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - carried to whoever awaits it
            future.set_exception(error)
        return future

    def _process_events(self, event_list: list[object]) -> None:
        """Nothing: answers reach their futures while they are delivered."""

    def _write_to_self(self) -> None:
        """Nothing: there is no other thread that could wake this one."""


def install() -> None:
    """Make every loop of the guest a BlockLoop, `asyncio.run` included."""
    asyncio._set_running_loop(None)
    asyncio.new_event_loop = asyncio.events.new_event_loop = BlockLoop
