"""What the gateway does with a click, whichever way it came.

A verdict is signalled to the stored request before Slack is acked, so that no click is lost; when Temporal cannot take
it, the person who clicked is told. Nothing in a click is believed but who made it: the request and the call are looked
up, and who may decide is asked of the one rule, once more when a modal comes back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from approvals import denial, whispers
from approvals.answers import TROUBLES
from approvals.block_kit import Json
from approvals.cards import ACTIONS_BLOCK
from approvals.details import TURN_BLOCK, details_view, trouble_view
from approvals.payloads import Click, Submission, parse
from approvals.requests import Requests
from approvals.reviewing import Found, Refused, Reviewing
from approvals.slack_errors import SLACK_ERRORS
from approvals.whispers import Whisper
from seconder.contracts.calls import Review, Reviewer
from seconder.errors import ContractError
from seconder.names import ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS, ACTION_NEXT_PAGE, ACTION_PREVIOUS_PAGE

DEADLINE: Final = 2.5
"""Seconds until Slack must be acked; it gives 3."""
SLACK_PATIENCE: Final = 1.2
"""Seconds for opening a modal; its trigger is good for 3 s from the click."""
AUTHORITY: Final = "listed reviewer"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to Slack: the body of the ack, if any, and what one person is told after it."""

    ack: Json | None = None
    whisper: Whisper | None = None


class Gateway:
    """Judges interactions and records reviews; the transports bring them, and carry the replies.

    `app_id` is the id of our own app (`A…`): what was meant for another one is refused.
    """

    def __init__(
        self,
        requests: Requests,
        slack: AsyncWebClient,
        app_id: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reviewing = Reviewing(requests)
        self._slack = slack
        self._app_id = app_id
        self._now = now
        self._on_click: dict[str, Callable[[Click, datetime], Awaitable[Reply]]] = {
            ACTION_APPROVE: self._approve,
            ACTION_DENY: self._ask_for_reason,
            ACTION_DETAILS: self._show_details,
            ACTION_PREVIOUS_PAGE: self._turn_page,
            ACTION_NEXT_PAGE: self._turn_page,
        }

    async def handle(self, payload: object) -> Reply:
        """Do what an interaction asks for, within `DEADLINE` seconds.

        Raises:
            ContractError: it is malformed, or not for this app; it must not be acked.
        """
        at = self._now()
        interaction = parse(payload)
        if interaction is None:
            return Reply()
        if interaction.api_app_id != self._app_id:
            raise ContractError(f"This was meant for the app {interaction.api_app_id!r}, not for {self._app_id}.")
        try:
            async with asyncio.timeout(DEADLINE):
                if isinstance(interaction, Submission):
                    return await self._deny(interaction, at)
                return await self._handler(interaction)(interaction, at)
        except TimeoutError:
            _log.error("gateway.deadline_missed", reviewer=interaction.user.id)
            return _refusal(interaction, Refused(TROUBLES["unconfirmed"]))

    async def tell(self, whisper: Whisper) -> None:
        """Tell one person something; to be called after the ack, which must not wait for it."""
        await whispers.tell(self._slack, whisper)

    def _handler(self, click: Click) -> Callable[[Click, datetime], Awaitable[Reply]]:
        handler = self._on_click.get(click.button.action_id)
        if handler is None or not click.button.block_id.startswith((ACTIONS_BLOCK, TURN_BLOCK)):
            raise ContractError(f"There is no button {click.button.action_id!r} in {click.button.block_id!r}.")
        return handler

    async def _approve(self, click: Click, at: datetime) -> Reply:
        found = await self._reviewing.find(click.button.value)
        if isinstance(found, Found):
            refused = await self._reviewing.record(found, _review(found, "approve", click.reviewer, at))
            return _refusal(click, refused) if refused else Reply()
        return _refusal(click, found)

    async def _ask_for_reason(self, click: Click, at: datetime) -> Reply:
        found = await self._reviewing.find(click.button.value, "not_shown")
        if isinstance(found, Refused):
            return _refusal(click, found)
        if refused := self._reviewing.judge(found, _review(found, "deny", click.reviewer, at)):
            return _refusal(click, refused)
        return await self._open(click, denial.denial_view(found.call, found.pointer))

    async def _deny(self, submission: Submission, at: datetime) -> Reply:
        if submission.view.callback_id != denial.CALLBACK:
            raise ContractError(f"There is no modal {submission.view.callback_id!r}.")
        reason = _reason_in(submission)
        if not reason:
            return _refusal(submission, Refused(TROUBLES["no_reason"]))
        found = await self._reviewing.find(submission.view.private_metadata)
        if isinstance(found, Found):
            review = _review(found, "deny", submission.reviewer, at, reason)
            refused = await self._reviewing.record(found, review)
            return _refusal(submission, refused) if refused else Reply()
        return _refusal(submission, found)

    async def _show_details(self, click: Click, _: datetime) -> Reply:
        view = await self._details(click)
        return _refusal(click, view) if isinstance(view, Refused) else await self._open(click, view)

    async def _turn_page(self, click: Click, _: datetime) -> Reply:
        view = await self._details(click)
        shown = trouble_view(view.words) if isinstance(view, Refused) else view
        return await self._call_slack(click, self._slack.views_update(view_id=click.container.view_id, view=shown))

    async def _details(self, click: Click) -> Json | Refused:
        found = await self._reviewing.find(click.button.value, "not_shown")
        if isinstance(found, Refused):
            return found
        return details_view(found.stored.request, found.call, found.decision, found.pointer.page)

    async def _open(self, click: Click, view: Json) -> Reply:
        return await self._call_slack(click, self._slack.views_open(trigger_id=click.trigger_id, view=view))

    async def _call_slack(self, click: Click, call: Awaitable[Any]) -> Reply:
        try:
            async with asyncio.timeout(SLACK_PATIENCE):
                await call
        except SLACK_ERRORS as error:
            _log.warning("gateway.modal_not_shown", reviewer=click.user.id, error=str(error)[:300])
            return _refusal(click, Refused(TROUBLES["not_shown"]))
        return Reply()


def _review(
    found: Found, verdict: Literal["approve", "deny"], reviewer: Reviewer, at: datetime, reason: str = ""
) -> Review:
    return Review(
        request_id=found.pointer.request_id,
        digests=(found.pointer.digest,),
        verdict=verdict,
        reason=reason,
        reviewer=reviewer,
        authority=AUTHORITY,
        at=at,
    )


def _reason_in(submission: Submission) -> str:
    entered = submission.view.state.values.get(denial.REASON_BLOCK, {}).get(denial.REASON_INPUT)
    reason = (entered.value or "").strip() if entered else ""
    return reason if len(reason) <= denial.REASON_MAX else ""


def _refusal(interaction: Click | Submission, refused: Refused) -> Reply:
    """Under the field of a modal that stays open, or to the person alone in the channel."""
    if isinstance(interaction, Submission):
        return Reply(ack={"response_action": "errors", "errors": {denial.REASON_BLOCK: refused.words}})
    return Reply(
        whisper=Whisper(
            user=interaction.user.id,
            channel=interaction.container.channel_id,
            text=refused.words,
            response_url=interaction.response_url,
        )
    )
