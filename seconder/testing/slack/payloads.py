"""The payloads that Slack sends an app, in the shape that Slack gives them."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from seconder.testing.slack.inputs import action_state, keeps_a_value, values_of
from seconder.testing.slack.modals import view_to_api
from seconder.testing.slack.records import Json, LocalChannel, LocalUser, Message, View
from seconder.testing.slack.state import APP_ID, BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID

type Surface = tuple[Message, LocalChannel, str] | View
"""A message with its channel and a response URL, or a view."""

_LEGACY_TOKEN = "deprecated"  # noqa: S105 - Slack still sends a verification token that nobody may rely on


def block_actions(
    user: LocalUser,
    trigger_id: str,
    element: Json,
    value: object,
    surface: Surface,
    *,
    filled_in: Mapping[str, Any],
) -> Json:
    """Somebody used an element of a message or of a view, with `filled_in` in its fields at that moment."""
    entered = {**filled_in, element["action_id"]: value} if keeps_a_value(element) else filled_in
    payload = _common("block_actions", user) | {"trigger_id": trigger_id}
    if isinstance(surface, View):
        container: Json = {"type": "view", "view_id": surface.id}
        payload["view"] = view_to_api(surface, values_of(surface.blocks, entered))
    else:
        message, channel, response_url = surface
        ephemeral = message.visible_to is not None
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload |= {
            "channel": {"id": channel.id, "name": "directmessage" if channel.direct_with else channel.name},
            "response_url": response_url,
            "state": {"values": values_of(message.blocks, entered)},
        }
        if not ephemeral:
            payload["message"] = message.to_api({"team_id": TEAM_ID, "app_id": APP_ID, "bot_id": BOT_ID})
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": element["block_id"],
        "action_ts": f"{time.time():.6f}",
        **{name: element[name] for name in ("text", "style") if name in element},
        **action_state(element, value),
    }
    return payload | {"container": container, "actions": [action]}


def view_submission(user: LocalUser, trigger_id: str, view: View, values: Json) -> Json:
    """Somebody submitted a modal."""
    return _common("view_submission", user) | {
        "trigger_id": trigger_id,
        "view": view_to_api(view, values),
        "response_urls": [],
    }


def view_closed(user: LocalUser, view: View) -> Json:
    """Somebody closed a modal that asked to be told."""
    return _common("view_closed", user) | {"view": view_to_api(view, {}), "is_cleared": False}


def slash_command(
    user: LocalUser, channel: LocalChannel, command: str, text: str, *, trigger_id: str, response_url: str
) -> Json:
    """Somebody typed a slash command; this is a flat form, unlike the others."""
    return {
        "token": _LEGACY_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.direct_with else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def event(body: Json) -> Json:
    """Something happened that the app subscribed to."""
    return {
        "token": _LEGACY_TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": {"event_ts": f"{time.time():.6f}", **body},
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {"team_id": TEAM_ID, "user_id": BOT_USER_ID, "is_bot": True, "is_enterprise_install": False}
        ],
        "is_ext_shared_channel": False,
    }


def _common(kind: str, user: LocalUser) -> Json:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": _LEGACY_TOKEN,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }
