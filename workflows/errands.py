"""Work that a session starts and does not wait for, until it ends: bringing notices up to date."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

from seconder import names
from seconder.contracts.approvals import NoticeUpdate
from workflows import timeouts


class Errands:
    """The notice updates that are under way."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], None] = {}  # a set of tasks would have no stable order

    def update_notice(self, update: NoticeUpdate) -> None:
        """Show the outcome on a notice; a Slack that is down delays nothing but the notice."""
        task = asyncio.create_task(self._update(update))
        self._running[task] = None
        task.add_done_callback(lambda done: self._running.pop(done, None))

    async def finish(self) -> None:
        """Wait for what is under way, within reason."""
        if self._running:
            await workflow.wait(list(self._running), timeout=timeouts.SESSION_TIDIES_WITHIN.total_seconds())
        for task in list(self._running):
            task.cancel()

    async def _update(self, update: NoticeUpdate) -> None:
        try:
            await workflow.execute_activity(
                names.ACTIVITY_UPDATE_NOTICE,
                update,
                summary="Show the outcome",
                **timeouts.UPDATE_NOTICE_EVENTUALLY,
            )
        except ActivityError as error:
            workflow.logger.warning("session.notice_not_updated", extra={"cause": str(error.cause)})
