"""What a session is doing right now, derived from what runs and what waits, and shown whenever it changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from temporalio import workflow

from seconder.contracts.session import SessionStatus


class Status:
    """The one place that knows a session's status.

    `stopping` is set once and for ever when the session is cancelled or out of time: nothing approved is begun then.
    """

    def __init__(self, show: Callable[[SessionStatus], None]) -> None:
        self.stopping = False
        self.people_are_asked: Callable[[], bool] = lambda: False
        self._show = show
        self._running = {"tool": 0, "block": 0}
        self._base: SessionStatus = "starting"

    @property
    def current(self) -> SessionStatus:
        """People first: an operator wants to know what a session waits for."""
        if self._base != "thinking":
            return self._base
        if self.people_are_asked():
            return "waiting_for_approval"
        if self._running["tool"]:
            return "calling_tool"
        return "running_block" if self._running["block"] else "thinking"

    def set(self, base: SessionStatus) -> None:
        """Enter a phase; `thinking` is the one in which calls are made."""
        self._base = base
        self.refresh()

    @contextmanager
    def running(self, what: Literal["tool", "block"]) -> Iterator[None]:
        """While a side effect or a block runs."""
        self._running[what] += 1
        self.refresh()
        try:
            yield
        finally:
            self._running[what] -= 1
            self.refresh()

    def refresh(self) -> None:
        """Show what changed."""
        # A worker that puts a workflow out of its cache closes its coroutines from outside the workflow: what stands
        # in their `finally` must not issue commands then.
        if workflow.in_workflow():
            self._show(self.current)
