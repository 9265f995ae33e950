"""Trigger ids: what lets an app open a modal before a person, once and for a few seconds after that person acted."""

import secrets
import time
from dataclasses import dataclass

from seconder.testing.slack.answers import SlackRefusalError


@dataclass(slots=True)
class _Trigger:
    user: str
    issued_at: float
    used: bool = False


class Triggers:
    """Issues trigger ids and redeems each at most once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user_id: str) -> str:
        """A fresh trigger id for what the person just did."""
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = _Trigger(user_id, time.monotonic())
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """The id of the person before whom the modal opens; refuses an unknown, old or used trigger id."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackRefusalError("invalid_trigger_id")
        if trigger.used:
            raise SlackRefusalError("exchanged_trigger_id")
        if time.monotonic() - trigger.issued_at >= self._seconds:
            raise SlackRefusalError("expired_trigger_id")
        trigger.used = True
        return trigger.user
