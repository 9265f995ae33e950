"""Brings payloads to the app by socket or by HTTP, keeps the time, and says what the acting person sees."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Literal

from seconder.testing.slack.faults import Faults
from seconder.testing.slack.http_mode import HttpMode, RequestFailedError
from seconder.testing.slack.records import Delivery, Json, Timings
from seconder.testing.slack.socket_mode import NotConnectedError, SocketMode
from seconder.testing.slack.state import Workspace

type Kind = Literal["interactive", "slash_commands", "events_api"]

NOT_IN_TIME = "The app did not respond in time."
NOT_CONNECTED = "The app is not connected."
NOT_WELL = "The app answered with an error."


class Courier:
    """Delivers each payload, and again when nobody acked it and redeliveries are asked for."""

    def __init__(
        self,
        workspace: Workspace,
        faults: Faults,
        timings: Timings,
        *,
        sockets: SocketMode,
        http: HttpMode,
        request_url: Callable[[], str | None],
    ) -> None:
        self._workspace = workspace
        self._faults = faults
        self._timings = timings
        self._sockets = sockets
        self._http = http
        self._request_url = request_url
        self._background: set[asyncio.Task[object]] = set()

    async def deliver(self, kind: Kind, payload: Json) -> Delivery:
        """Send a payload and wait for the ack, or for the end of the time that Slack gives."""
        delivery = Delivery(kind, payload, str(uuid.uuid4()))
        self._workspace.deliveries.append(delivery)
        await self._attempt(delivery, {})
        if not delivery.acked and self._timings.redeliveries:
            self.in_background(self._redeliver(delivery))
        return delivery

    async def again(self, delivery: Delivery, *, fresh: bool) -> Delivery:
        """Send a payload a second time, under the same envelope id or as a fresh envelope."""
        envelope_id = str(uuid.uuid4()) if fresh else delivery.envelope_id
        repeated = Delivery(delivery.kind, delivery.payload, envelope_id)
        self._workspace.deliveries.append(repeated)
        await self._attempt(repeated, {"retry_attempt": 1, "retry_reason": "timeout"})
        return repeated

    def in_background(self, work: Coroutine[object, object, object]) -> asyncio.Task[object]:
        """Run something until it ends or the local Slack stops."""
        task: asyncio.Task[object] = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Give up on everything that is under way."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _redeliver(self, delivery: Delivery) -> None:
        for number in range(1, self._timings.redeliveries + 1):
            delivery.envelope_id = str(uuid.uuid4())
            await self._attempt(delivery, {"retry_attempt": number, "retry_reason": "timeout"})
            if delivery.acked:
                return

    async def _attempt(self, delivery: Delivery, retry: Json) -> None:
        delivery.attempts += 1
        delivery.state, delivery.shown = "waiting", ""
        sending = self.in_background(self._send(replace(delivery), retry))
        done, _ = await asyncio.wait({sending}, timeout=self._timings.ack)
        if not done:
            delivery.state, delivery.shown = "timed_out", NOT_IN_TIME
        elif isinstance(error := sending.exception(), NotConnectedError):
            delivery.state, delivery.shown = "not_connected", NOT_CONNECTED
        elif isinstance(error, RequestFailedError):
            delivery.state, delivery.shown = "failed", f"{NOT_WELL} ({error})"
        elif error is not None:
            raise error
        else:
            delivery.state, delivery.shown = "acked", ""
            result = sending.result()
            delivery.response = result if isinstance(result, dict) else None
        self._workspace.changed()

    async def _send(self, delivery: Delivery, retry: Json) -> Json | None:
        if self._faults.envelope_delay:
            await asyncio.sleep(self._faults.envelope_delay)
        if (url := self._request_url()) is not None:
            return await self._http.send(url, delivery.kind, delivery.payload, retry)
        envelope = {
            "envelope_id": delivery.envelope_id,
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
            **retry,
        }
        return await self._sockets.send(envelope)

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._background.discard(task)
        if not task.cancelled():
            # Marks the exception as seen: one that comes after the time-out concerns nobody any more.
            task.exception()
