"""What can be made to go wrong, on purpose and for a stated number of times."""

from dataclasses import dataclass
from typing import Literal

EVERY_METHOD = "*"


@dataclass(slots=True)
class Fault:
    """What the next `times` calls of `method` get instead of an answer; None means until cleared.

    With `applied` the call takes effect all the same and only its answer is lost: the case in which a caller that
    tries again does a thing twice.
    """

    method: str = EVERY_METHOD
    times: int | None = 1
    status: int = 200
    error: str | None = None
    retry_after: int | None = None
    delay: float = 0.0
    applied: bool = False

    @property
    def only_delays(self) -> bool:
        """Whether the call is answered as usual after the delay."""
        return self.error is None and self.status == 200


class Faults:
    """The switchboard; `slack.faults` in tests, `/_local/faults` for everybody else."""

    def __init__(self) -> None:
        self.down: Literal["503", "reset"] | None = None
        """While set, no API call is answered and no socket lives: a 503, or the connection is cut."""
        self.refuse_sockets = False
        """While set, new Socket Mode connections are refused."""
        self.envelope_delay = 0.0
        """Seconds that each payload spends on its way to the app."""
        self._queue: list[Fault] = []

    def rate_limit(self, method: str = EVERY_METHOD, *, times: int | None = 1, retry_after: int = 1) -> None:
        """Answer 429 with `Retry-After` in seconds."""
        self._queue.append(Fault(method, times, 429, "ratelimited", retry_after))

    def http_error(
        self, method: str = EVERY_METHOD, *, status: int = 500, times: int | None = 1, applied: bool = False
    ) -> None:
        """Answer with an HTTP error and a body that is no JSON."""
        self._queue.append(Fault(method, times, status, applied=applied))

    def api_error(self, method: str = EVERY_METHOD, *, error: str, times: int | None = 1) -> None:
        """Answer `{"ok": false, "error": …}`."""
        self._queue.append(Fault(method, times, error=error))

    def delay(self, method: str = EVERY_METHOD, *, seconds: float, times: int | None = 1) -> None:
        """Answer as usual, but later."""
        self._queue.append(Fault(method, times, delay=seconds))

    def clear(self) -> None:
        """Everything works again."""
        self._queue.clear()
        self.down, self.refuse_sockets, self.envelope_delay = None, False, 0.0

    def take(self, method: str) -> Fault | None:
        """The fault that this call meets, which is thereby used once."""
        for fault in self._queue:
            if fault.method in (EVERY_METHOD, method):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._queue.remove(fault)
                return fault
        return None
