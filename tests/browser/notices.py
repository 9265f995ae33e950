"""Notices as the gateway would post them, without a session behind them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from approvals.cards import render_notice
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.calls import Call
from seconder.effects import Effect
from seconder.testing.slack import LocalSlack
from workers.local import CHANNEL, REQUESTER, REVIEWER


def request_for(*arguments: dict[str, Any], **changes: Any) -> ApprovalRequest:
    """A request for refunds with these arguments, with some of its fields changed."""
    now = datetime.now(UTC)
    calls = tuple(
        Call(
            session_id="s1",
            call_id=f"s1-{number}",
            agent="support-desk",
            agent_version="1",
            tool="issue_refund",
            tool_version="1",
            arguments=each,
            effect=Effect.SPEND,
        )
        for number, each in enumerate(arguments)
    )
    fields = {
        "request_id": "approval-s1-1",
        "session_id": "s1",
        "agent": "support-desk",
        "agent_version": "1",
        "requester": REQUESTER.id,
        "task": "Refund what is owed.",
        "calls": calls,
        "reviewers": (REVIEWER.id,),
        "created_at": now,
        "expires_at": now + timedelta(hours=1),
    }
    return ApprovalRequest.model_validate(fields | changes)


async def post(slack: LocalSlack, request: ApprovalRequest) -> None:
    """Post the notice of a request."""
    card = render_notice(request)
    await client_of(slack).chat_postMessage(channel=CHANNEL.id, text=card.text, blocks=card.blocks)


def client_of(slack: LocalSlack) -> AsyncWebClient:
    """The SDK's client, as the app uses it."""
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
