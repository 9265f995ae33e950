"""Notices in Slack: posted, kept up to date, and answers to clicks that did not count."""

from collections.abc import Awaitable
from typing import Final

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.faults.slack import application_error
from approvals.answers import refused_in_words
from approvals.cards import Card, render_notice
from approvals.slack_errors import SLACK_ERRORS
from seconder import names
from seconder.contracts.approvals import ApprovalRequest, Notice, NoticeUpdate, RefusedReview
from seconder.errors import ContractError

METADATA_EVENT: Final = "seconder_request"
_log = structlog.get_logger(__name__)


class Notices:
    """The activities that write to Slack.

    Errors that may pass (no connection, 5xx, a rate limit with its `Retry-After`) are left to Temporal to retry: give
    the client no retry handlers of its own. Any other refusal by Slack ends the activity, says how to mend it, and has
    the type `slack_<error>`.
    """

    def __init__(self, slack: AsyncWebClient, channel: str) -> None:
        self._slack = slack
        self._channel = channel

    @activity.defn(name=names.ACTIVITY_POST_NOTICE)
    async def post_notice(self, request: ApprovalRequest) -> Notice:
        """Post the first notice of a request.

        Slack knows no idempotency key: an attempt whose answer was lost may leave a second notice. Both lead to the
        same request, and the message's metadata holds its id.
        """
        with structlog.contextvars.bound_contextvars(request_id=request.request_id, session_id=request.session_id):
            card = _rendered(request)
            answer = await _asked(
                self._slack.chat_postMessage(
                    channel=self._channel,
                    text=card.text,
                    blocks=card.blocks,
                    metadata={"event_type": METADATA_EVENT, "event_payload": {"request_id": request.request_id}},
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
            notice = Notice(channel=str(answer["channel"]), ts=str(answer["ts"]))
            _log.info("notice.posted", channel=notice.channel, ts=notice.ts)
            return notice

    @activity.defn(name=names.ACTIVITY_UPDATE_NOTICE)
    async def update_notice(self, update: NoticeUpdate) -> None:
        """Draw a notice anew from everything that is known by now."""
        request = update.request
        with structlog.contextvars.bound_contextvars(request_id=request.request_id, session_id=request.session_id):
            card = _rendered(request, update)
            await _asked(
                self._slack.chat_update(
                    channel=update.notice.channel, ts=update.notice.ts, text=card.text, blocks=card.blocks
                )
            )
            _log.info("notice.updated", decided=len(update.decisions), reported=len(update.reports))

    @activity.defn(name=names.ACTIVITY_ANSWER_REVIEWER)
    async def answer_reviewer(self, refused: RefusedReview) -> None:
        """Tell one person, and nobody else, why a review did not count."""
        with structlog.contextvars.bound_contextvars(request_id=refused.request_id):
            await _asked(
                self._slack.chat_postEphemeral(
                    channel=refused.channel or self._channel,
                    user=refused.reviewer.user_id,
                    text=refused_in_words(refused),
                )
            )
            _log.info("notice.reviewer_answered", refusal=refused.refusal, reviewer=refused.reviewer.user_id)


def _rendered(request: ApprovalRequest, update: NoticeUpdate | None = None) -> Card:
    try:
        if update is None:
            return render_notice(request)
        return render_notice(request, update.decisions, update.reports, update.block_ended)
    except ContractError as error:
        raise ApplicationError(str(error), type="ContractError", non_retryable=True) from error


async def _asked(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    try:
        return await call
    except SLACK_ERRORS as error:
        fault = application_error(error)
        _log.warning("notice.slack_failed", type=fault.type, retryable=not fault.non_retryable)
        raise fault from error
