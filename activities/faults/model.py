"""What went wrong with the model, as Temporal has to know it: whether asking again may help, and when."""

from typing import Final

import openai
from openai.types.responses import ResponseError
from temporalio.exceptions import ApplicationError

from activities.faults.retry_after import retry_after

_NO_MONEY: Final = "insufficient_quota"
_MESSAGE_MAX_CHARACTERS: Final = 2_000
"""Of what a server says: some repeat the whole request, and the history keeps every attempt."""


def application_error(error: Exception) -> ApplicationError:
    """The error of a request that brought no response."""
    if isinstance(error, openai.RateLimitError) and error.code != _NO_MONEY:
        return ApplicationError(
            f"The model's rate limit is reached: {_message(error)}",
            type="ModelRateLimited",
            next_retry_delay=retry_after(error.response.headers),
        )
    if isinstance(error, openai.APIStatusError):
        final = error.status_code < 500 and error.status_code not in (408, 409)
        return ApplicationError(
            f"The model server answered {error.status_code}: {_message(error)}{_how_to_mend(error)}",
            type="ModelRejected" if final else "ModelUnavailable",
            non_retryable=final,
        )
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return ApplicationError(f"The model server cannot be reached: {cause}", type="ModelUnavailable")
    return garbage(str(error))


def garbage(why: str) -> ApplicationError:
    """The error of an answer that is no response of the API."""
    return ApplicationError(f"The model server's answer cannot be read: {why[:500]}", type="ModelGarbage")


def failed_response(error: ResponseError | None) -> ApplicationError:
    """The error of a response that says itself that it failed."""
    code = error.code if error is not None else "unknown"
    message = error.message[:_MESSAGE_MAX_CHARACTERS] if error is not None else "no reason given"
    passing = code in ("server_error", "rate_limit_exceeded", "unknown")
    return ApplicationError(f"The model failed ({code}): {message}", type="ModelFailed", non_retryable=not passing)


def _message(error: openai.APIError) -> str:
    return error.message[:_MESSAGE_MAX_CHARACTERS]


def _how_to_mend(error: openai.APIStatusError) -> str:
    if error.status_code == 401:
        return " Check OPENAI_API_KEY of the engine."
    if error.status_code == 404:
        return " Check the agent's model and OPENAI_BASE_URL of the engine."
    return ""
