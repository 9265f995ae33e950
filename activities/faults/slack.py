"""What went wrong with Slack, as Temporal has to know it: whether trying again may help, and when."""

from collections.abc import Mapping
from typing import Final

from temporalio.exceptions import ApplicationError

from activities.faults.retry_after import retry_after
from approvals.slack_errors import answer_in, refusal_in

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
    if _status(error) == 429:
        headers = getattr(getattr(error, "response", None), "headers", {})
        return ApplicationError(
            "Slack asks for fewer messages a minute.", type="SlackRateLimited", next_retry_delay=retry_after(headers)
        )
    code = refusal_in(error)
    if not code:
        return ApplicationError(f"Slack is out of reach: {error or type(error).__name__}", type="SlackUnavailable")
    answer = answer_in(error)
    what = f"Slack refused: {code}" + (f" (needed: {answer['needed']})" if answer.get("needed") else "")
    details = "; ".join(map(str, answer.get("response_metadata", {}).get("messages", [])))
    mend = _MEND.get(code, "Look the error up in the reference of Slack's Web API.")
    return ApplicationError(f"{what}. {mend} {details}".rstrip(), type=f"slack_{code}", non_retryable=True)


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    return int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
