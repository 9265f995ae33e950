"""A local Slack: a real HTTP and WebSocket server that the unmodified Slack SDK talks to, with a page to click on.

It answers and refuses as Slack does, so what works here works there; it can be told to fail as Slack fails; and it
acts as any of its users, over the same protocol that a real click takes. It listens on loopback only.
"""

from seconder.testing.slack.faults import Faults
from seconder.testing.slack.http_mode import sign, signed_headers
from seconder.testing.slack.local import BOT_SCOPES, LocalSlack
from seconder.testing.slack.records import (
    ApiCall,
    Delivery,
    LocalChannel,
    LocalFile,
    LocalUser,
    LocalUserGroup,
    Message,
    Timings,
    View,
)
from seconder.testing.slack.state import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID

__all__ = [
    "APP_ID",
    "BOT_ID",
    "BOT_SCOPES",
    "BOT_USER_ID",
    "TEAM_ID",
    "ApiCall",
    "Delivery",
    "Faults",
    "LocalChannel",
    "LocalFile",
    "LocalSlack",
    "LocalUser",
    "LocalUserGroup",
    "Message",
    "Timings",
    "View",
    "sign",
    "signed_headers",
]
