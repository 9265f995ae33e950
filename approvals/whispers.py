"""What one person is told, and nobody else."""

from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from approvals.slack_errors import SLACK_ERRORS

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Whisper:
    """An ephemeral message; `response_url` is the way that stays when the app may not post in the channel."""

    user: str
    channel: str
    text: str
    response_url: str = ""


async def tell(slack: AsyncWebClient, whisper: Whisper) -> None:
    """Tell the person; what cannot be told is logged, because there is nobody else to tell."""
    try:
        await slack.chat_postEphemeral(channel=whisper.channel, user=whisper.user, text=whisper.text)
    except SLACK_ERRORS as error:
        _log.info("gateway.ephemeral_failed", reviewer=whisper.user, error=type(error).__name__)
    else:
        return
    if not whisper.response_url or not await _by_response_url(whisper):
        _log.warning("gateway.person_not_told", reviewer=whisper.user)


async def _by_response_url(whisper: Whisper) -> bool:
    try:
        answer = await AsyncWebhookClient(whisper.response_url, timeout=10).send(
            text=whisper.text, response_type="ephemeral", replace_original=False
        )
    except SLACK_ERRORS:
        return False
    return answer.status_code == 200
