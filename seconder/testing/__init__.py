"""Real parts for tests and demos: a local Slack, a scripted model, and a harness that runs sessions against both."""

from seconder.testing.harness import REQUESTER, REVIEWER, Harness
from seconder.testing.model import (
    ModelRequest,
    Script,
    ScriptedModel,
    code,
    function_call,
    reasoning,
    refusal,
    text,
)
from seconder.testing.slack import LocalChannel, LocalSlack, LocalUser, LocalUserGroup

__all__ = [
    "REQUESTER",
    "REVIEWER",
    "Harness",
    "LocalChannel",
    "LocalSlack",
    "LocalUser",
    "LocalUserGroup",
    "ModelRequest",
    "Script",
    "ScriptedModel",
    "code",
    "function_call",
    "reasoning",
    "refusal",
    "text",
]
