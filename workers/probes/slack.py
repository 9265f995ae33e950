"""Would Slack take our notices, bring us the clicks, and are the reviewers people?"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from workers.probes.base import Finding, Probe, ProbeFailure, ok, warning
from workers.settings import Settings

NEEDED_SCOPES: Final[Mapping[str, str]] = {
    "chat:write": "post and update the notices",
    "files:write": "show what is too long for a message",
    "users:read": "see whether a reviewer is an active person",
}
USEFUL_SCOPES: Final[Mapping[str, str]] = {
    "commands": "answer slash commands",
    "im:write": "write to a person directly",
    "usergroups:read": "let a user group review",
    "users:read.email": "find people by their address",
}
_REINSTALL: Final = "Add them under `OAuth & Permissions` of the Slack app, and install it again."
_TIMEOUT_SECONDS: Final = 10


class SlackProbes:
    """Probes of one workspace; they read, and leave nothing in it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slack = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_url, timeout=_TIMEOUT_SECONDS
        )

    def probes(self) -> list[Probe]:
        """All of them."""
        return [
            Probe("slack bot token", self._bot_token),
            Probe("slack clicks", self._clicks),
            Probe("slack channel", self._channel),
            Probe("reviewers", self._reviewers),
        ]

    async def _bot_token(self) -> Finding:
        if not self._settings.slack_bot_token:
            raise ProbeFailure(
                "SLACK_BOT_TOKEN is not set.",
                "Copy the bot token (xoxb-…) from `OAuth & Permissions` of the Slack app; `seconder dev` needs none.",
            )
        answer = await _called(self._slack.auth_test)
        granted = set(filter(None, str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "").split(",")))
        if missing := NEEDED_SCOPES.keys() - granted:
            wanted = "; ".join(f"{scope} ({NEEDED_SCOPES[scope]})" for scope in sorted(missing))
            raise ProbeFailure(f"The bot lacks the scopes {wanted}.", _REINSTALL)
        who = f"{answer['user']} in {answer['team']}"
        if missing := USEFUL_SCOPES.keys() - granted:
            wanted = "; ".join(f"{scope} ({USEFUL_SCOPES[scope]})" for scope in sorted(missing))
            return warning(f"{who}, without the scopes {wanted}.", _REINSTALL)
        return ok(f"{who}, with every scope")

    async def _clicks(self) -> Finding:
        if self._settings.slack_mode == "http":
            if not self._settings.slack_signing_secret:
                raise ProbeFailure(
                    "HTTP mode has no SLACK_SIGNING_SECRET.", "Copy it from `Basic Information` of the Slack app."
                )
            return warning(
                "Requests will be checked with SLACK_SIGNING_SECRET; only a click shows whether it is the right one.",
                "Click a button of a notice, and look at the gateway's log.",
            )
        token = self._settings.slack_app_token.get_secret_value()
        if not token:
            raise ProbeFailure(
                "SLACK_APP_TOKEN is not set.",
                "Make an app-level token with the scope connections:write under `Basic Information` of the Slack app.",
            )
        await _called(lambda: self._slack.apps_connections_open(app_token=token))
        return ok("Socket Mode can be opened")

    async def _channel(self) -> Finding:
        self._need_the_bot_token()
        channel = self._settings.channel
        if not channel:
            raise ProbeFailure("SECONDER_CHANNEL is not set.", "Copy the id (C…) from the channel's details in Slack.")
        try:
            answer = await _reached(lambda: self._slack.conversations_info(channel=channel))
        except SlackApiError as error:
            if _code(error) != "missing_scope":
                raise _failure(error) from error
            return await self._channel_unseen(channel)
        described: dict[str, Any] = answer["channel"]
        if described.get("is_archived"):
            raise ProbeFailure(f"#{described.get('name')} is archived.", "Choose another channel.")
        if not described.get("is_member") and not described.get("is_im"):
            raise ProbeFailure(
                f"The bot is not in #{described.get('name')}.", "Write `/invite @Seconder` (the app's name) in it."
            )
        return ok(f"#{described.get('name') or channel}, and the bot is in it")

    async def _channel_unseen(self, channel: str) -> Finding:
        """Without the scope to look into channels: asking for a message that is not there tells whether one exists."""
        try:
            await _reached(lambda: self._slack.chat_getPermalink(channel=channel, message_ts="1.000000"))
        except SlackApiError as error:
            if _code(error) != "message_not_found":
                raise _failure(error) from error
        return warning(
            f"{channel} exists; whether the bot is in it cannot be seen without channels:read (groups:read).",
            "Write `/invite @Seconder` (the app's name) in it, or add that scope.",
        )

    async def _reviewers(self) -> Finding:
        self._need_the_bot_token()
        if not self._settings.reviewers:
            raise ProbeFailure(
                "SECONDER_REVIEWERS is not set: nothing could ever be approved.",
                "Set it to Slack user ids (U…), comma-separated.",
            )
        found = [await self._reviewer(user) for user in self._settings.reviewers]
        return ok(", ".join(found))

    async def _reviewer(self, user: str) -> str:
        answer = await _called(lambda: self._slack.users_info(user=user), about=user)
        person: dict[str, Any] = answer["user"]
        remove = f"Take {user} out of SECONDER_REVIEWERS, or put the right person in."
        if person.get("deleted"):
            raise ProbeFailure(f"The account of {user} is deactivated.", remove)
        if person.get("is_bot") or person.get("is_app_user"):
            raise ProbeFailure(f"{user} is a bot; only people can review.", remove)
        return f"{person.get('real_name') or person.get('name')} ({user})"

    def _need_the_bot_token(self) -> None:
        if not self._settings.slack_bot_token:
            raise ProbeFailure("Not looked at, because there is no bot token.")


async def _called(call: Callable[[], Awaitable[AsyncSlackResponse]], about: str = "") -> AsyncSlackResponse:
    try:
        return await _reached(call)
    except SlackApiError as error:
        raise _failure(error, about) from error


async def _reached(call: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse:
    try:
        return await call()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProbeFailure(
            f"Slack cannot be reached: {error or type(error).__name__}.",
            "Look at the network, a proxy, and SECONDER_SLACK_URL.",
        ) from error


def _code(error: SlackApiError) -> str:
    return str(error.response.get("error", "unknown"))


_ANSWERS: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_auth": ("Slack does not know this token.", "Copy it again from the Slack app's pages."),
    "not_authed": ("Slack got no token.", "Set the token."),
    "account_inactive": ("The token's app or account was removed.", "Install the app again."),
    "token_revoked": ("The token was revoked.", "Install the app again and copy the new token."),
    "not_allowed_token_type": ("This is a token of another kind.", "SLACK_BOT_TOKEN is xoxb-…, SLACK_APP_TOKEN xapp-…"),
    "channel_not_found": ("There is no such channel, or the bot may not see it.", "Look at SECONDER_CHANNEL's id."),
    "user_not_found": ("There is no such person.", "Look at the ids in SECONDER_REVIEWERS."),
}


def _failure(error: SlackApiError, about: str = "") -> ProbeFailure:
    code = _code(error)
    subject = f"{about}: " if about else ""
    if code == "missing_scope":
        return ProbeFailure(f"{subject}The token lacks the scope {error.response.get('needed')}.", _REINSTALL)
    text, how_to_fix = _ANSWERS.get(code, (f"Slack answered {code}.", ""))
    return ProbeFailure(subject + text, how_to_fix)
