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
        self._running: dict[str, asyncio.Task[None]] = {}

    def update_notice(self, update: NoticeUpdate) -> None:
        """Show what is known on a notice; a Slack that is down delays nothing but the notice.

        An earlier state of the same notice that is still on its way is given up: it must not land on top of this one.
        """
        request_id = update.request.request_id
        if earlier := self._running.get(request_id):
            earlier.cancel()
        task = self._running[request_id] = asyncio.create_task(self._update(update))
        task.add_done_callback(lambda done: self._forget(request_id, done))

    async def finish(self) -> None:
        """Wait for what is under way, within reason."""
        if self._running:
            await workflow.wait(list(self._running.values()), timeout=timeouts.SESSION_TIDIES_WITHIN.total_seconds())
        for task in list(self._running.values()):
            task.cancel()

    def _forget(self, request_id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(request_id) is task:
            del self._running[request_id]

    async def _update(self, update: NoticeUpdate) -> None:
        try:
            await workflow.execute_activity(
                names.ACTIVITY_UPDATE_NOTICE,
                update,
                summary="Bring the notice up to date",
                **timeouts.UPDATE_NOTICE_EVENTUALLY,
            )
        except ActivityError as error:
            workflow.logger.warning("session.notice_not_updated", extra={"cause": str(error.cause)})
