"""What went wrong with Slack, as Temporal has to know it: whether trying again may help, and when."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from temporalio.exceptions import ApplicationError

UNREACHABLE: Final = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What slack_sdk lets through when no answer came."""

_LONGEST_WAIT: Final = timedelta(minutes=10)
_PASSING: Final = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_BOT: Final = "Put the bot token (xoxb-…) of the installed app into SLACK_BOT_TOKEN of the engine."
_CHANNEL: Final = "Set SECONDER_CHANNEL to the id of a channel that exists, and invite the app into it."
_OURS: Final = "This is a mistake in Seconder: please report it with the request id."
_MEND: Final[Mapping[str, str]] = {
    "account_inactive": _BOT,
    "invalid_auth": _BOT,
    "not_allowed_token_type": _BOT,
    "not_authed": _BOT,
    "token_expired": _BOT,
    "token_revoked": _BOT,
    "channel_not_found": _CHANNEL,
    "is_archived": _CHANNEL,
    "not_in_channel": _CHANNEL,
    "restricted_action": "The workspace does not let apps post in this channel; ask its owner, or take another one.",
    "missing_scope": "Add the scope to the app (docs/slack-app-manifest.yaml has all of them) and install it again.",
    "message_not_found": "Somebody deleted the notice; the request itself goes on without it.",
    "cant_update_message": "The notice was posted by another app; use the token of the app that posted it.",
    "edit_window_closed": "The workspace does not let messages be edited for long; allow it for this app.",
    "user_not_in_channel": "The person is no longer in the channel and cannot be answered there.",
    "invalid_blocks": _OURS,
    "invalid_blocks_format": _OURS,
    "msg_blocks_too_long": _OURS,
    "msg_too_long": _OURS,
}


def application_error(error: Exception) -> ApplicationError:
    """The error of a call of Slack's Web API that did not do what it should."""
    if isinstance(error, SlackApiError):
        return _refused(error)
    if isinstance(error, (*UNREACHABLE, SlackClientError)):
        return ApplicationError(f"Slack cannot be reached: {error or type(error).__name__}", type="SlackUnavailable")
    raise error


def error_code(error: SlackApiError) -> str:
    """Slack's own word for what was wrong, or the empty string when no such answer came."""
    return str(_data(error).get("error", ""))


def _refused(error: SlackApiError) -> ApplicationError:
    code, status = error_code(error), _status(error)
    if status == 429:
        return ApplicationError(
            "Slack asks for fewer messages a minute.", type="SlackRateLimited", next_retry_delay=_retry_after(error)
        )
    if code in _PASSING or not code:
        return ApplicationError(f"Slack is out of order: {code or f'HTTP {status}'}.", type="SlackUnavailable")
    needed = _data(error).get("needed", "")
    what = f"Slack refused: {code}" + (f" (needed: {needed})" if needed else "")
    details = "; ".join(map(str, _data(error).get("response_metadata", {}).get("messages", [])))
    return ApplicationError(
        f"{what}. {_MEND.get(code, "Look the error up in the reference of Slack's Web API.")} {details}".rstrip(),
        type=f"slack_{code}",
        non_retryable=True,
    )


def _data(error: SlackApiError) -> Mapping[str, Any]:
    data = getattr(error.response, "data", None)
    return data if isinstance(data, dict) else {}


def _status(error: SlackApiError) -> int:
    # slack_sdk hands over its own response, or aiohttp's when the body was no JSON.
    response = error.response
    return int(response.status_code if hasattr(response, "status_code") else response.status)


def _retry_after(error: SlackApiError) -> timedelta | None:
    value = {str(k).lower(): v for k, v in error.response.headers.items()}.get("retry-after", "")
    return min(timedelta(seconds=int(value)), _LONGEST_WAIT) if str(value).isdigit() else None
