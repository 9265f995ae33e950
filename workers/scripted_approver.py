"""The demo's approver: a person of the local Slack who decides as the story tells, by the same clicks as anybody."""

from dataclasses import dataclass, field

from seconder.testing.people import OpenCall, approve, deny, open_calls
from seconder.testing.slack import LocalSlack


@dataclass
class ScriptedApprover:
    """Approves everything but what comes second in a request."""

    slack: LocalSlack
    user: str
    denial_reason: str
    _decided: list[OpenCall] = field(default_factory=list)

    async def decide_all(self) -> None:
        """Decide on every call that is asked for, until cancelled."""
        while True:
            call = await self.slack.wait_until(self._next, timeout=3600, what="a call to decide on")
            # A call that was decided loses its buttons, so its place is counted over those decided before it.
            second = any(earlier.request_id == call.request_id for earlier in self._decided)
            self._decided.append(call)
            if second:
                await deny(self.slack, self.user, call, self.denial_reason)
            else:
                await approve(self.slack, self.user, call)

    def _next(self) -> OpenCall | None:
        decided = {call.pointer for call in self._decided}
        return next((call for call in open_calls(self.slack) if call.pointer not in decided), None)
