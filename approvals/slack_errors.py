"""What slack_sdk raises, as one thing to catch, and Slack's own word for what was wrong."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

UNREACHABLE: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""Slack did not answer."""
SLACK_ERRORS: Final = (*UNREACHABLE, SlackClientError)
"""Slack did not answer, or it refused."""
PASSING: Final = frozenset(
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
"""Refusals that pass by themselves."""


def refusal_in(error: Exception) -> str:
    """Slack's word for a refusal that stands, such as `invalid_auth`; empty when trying again may help."""
    code = str(answer_in(error).get("error", ""))
    return "" if code in PASSING else code


def answer_in(error: Exception) -> Mapping[str, Any]:
    """The JSON of Slack's answer; empty when there was none."""
    # slack_sdk hands over its own response, or aiohttp's when the body was no JSON.
    data = getattr(error.response, "data", None) if isinstance(error, SlackApiError) else None
    return data if isinstance(data, dict) else {}
