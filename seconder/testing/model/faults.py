"""How the service can misbehave on purpose: `model.fail_next(http_error(429, retry_after=2), times=3)`.

A reply that is not the script's is a fault too: `model.fail_next(failed("Overloaded"))` fails once, then goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass

from seconder.testing.model.errors import ApiError
from seconder.testing.model.request import ModelRequest
from seconder.testing.model.script import Reply


@dataclass(frozen=True)
class HttpError:
    """An answer with an error status and a body in the API's shape; `retry_after` is in seconds."""

    status: int
    message: str
    retry_after: float | None
    code: str | None

    @property
    def error(self) -> ApiError:
        """The error as the API words it."""
        code, kind = _CODES.get(self.status, (None, "invalid_request_error"))
        if self.status >= 500:
            kind = "server_error"
        return ApiError(self.message, status=self.status, code=self.code or code, kind=kind)


@dataclass(frozen=True)
class Garbage:
    """An answer with status 200 whose body is not what its content type says."""

    body: str
    content_type: str


@dataclass(frozen=True)
class Dropped:
    """The connection closes without an answer."""


@dataclass(frozen=True)
class Delayed:
    """The right answer, later."""

    seconds: float


Fault = HttpError | Garbage | Dropped | Delayed | Reply


@dataclass
class PendingFault:
    """A fault that is due for the next `times` requests for which `when` holds."""

    fault: Fault
    times: int
    when: Callable[[ModelRequest], bool]


def http_error(
    status: int, message: str | None = None, *, retry_after: float | None = None, code: str | None = None
) -> HttpError:
    """An error status with a body in the API's shape, and a `Retry-After` in seconds where one is given.

    `code` is by default the usual one of the status; a 429 may also be `insufficient_quota`.
    """
    return HttpError(status, message or f"The scripted model was told to answer {status}.", retry_after, code)


def garbage(body: str = "<html>502 Bad Gateway</html>", content_type: str = "application/json") -> Garbage:
    """Status 200 and a body that is no JSON; with `text/html` the openai client hands back a plain string."""
    return Garbage(body, content_type)


def dropped() -> Dropped:
    """The connection closes without an answer."""
    return Dropped()


def delayed(seconds: float) -> Delayed:
    """The right answer after a delay, which ends early when the server stops."""
    return Delayed(seconds)


_CODES: dict[int, tuple[str | None, str]] = {
    401: ("invalid_api_key", "invalid_request_error"),
    403: ("unsupported_country_region_territory", "request_forbidden"),
    404: ("model_not_found", "invalid_request_error"),
    429: ("rate_limit_exceeded", "requests"),
}
