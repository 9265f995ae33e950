"""From a request to what Temporal is told when a session starts: its id, its checks, and what a person sees of it."""

import re
import secrets
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from seconder import names
from seconder.contracts.session import TASK_MAX_BYTES, SessionRequest
from seconder.errors import ConfigurationError
from seconder.markdown import fence, one_line, span
from seconder.mistakes import mistakes_in

MEMO_TASK: Final = "task"
"""The memo that lets a list of sessions say what each is about."""

_HEADLINE_MAX_BYTES = 120


def build_request(**fields: Any) -> SessionRequest:  # noqa: ANN401 - what a caller or a file gives
    """A request from what a caller gave.

    Raises:
        ConfigurationError: it is none; the message names each field and what is wrong with it.
    """
    try:
        request = SessionRequest(**fields)
    except ValidationError as error:
        mistakes = "; ".join(mistakes_in(error, "request"))
        raise ConfigurationError(f"This session cannot be started. {mistakes}.") from error
    refuse_too_long(request.task, "task")
    return request


def refuse_too_long(text: str, what: str) -> None:
    """Refuse a text that does not belong into a history.

    Raises:
        ConfigurationError: it is longer than `TASK_MAX_BYTES`, or no UTF-8 text.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"The {what} is not valid Unicode text: {error}.") from error
    if size > TASK_MAX_BYTES:
        raise ConfigurationError(
            f"The {what} is {size} bytes long; {TASK_MAX_BYTES} are allowed. "
            "Put what is longer where a tool can read it, and name that place."
        )


def checked_session_id(session_id: str | None, agent: str) -> str:
    """The caller's id for a session, or a readable new one such as `support-desk-20261122-1a2b3c4d`.

    Raises:
        ConfigurationError: the id has characters that a shell, an URL or the Temporal UI would trip over.
    """
    if session_id is None:
        slug = re.sub(r"[^a-z0-9]+", "-", agent.lower()).strip("-")[:40] or "session"
        return f"{slug}-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    if names.session_id_of(names.session_workflow_id(session_id)) is None:
        raise ConfigurationError(
            f"{session_id!r} cannot name a session: use letters, digits, dots, hyphens and underscores, at most 64."
        )
    return session_id


def headline(task: str) -> str:
    """The beginning of a task, on one line."""
    return one_line(task, _HEADLINE_MAX_BYTES)


def static_summary(request: SessionRequest) -> str:
    """One line for the Temporal UI."""
    return f"{span(request.agent)}: {span(headline(request.task))}"


def static_details(request: SessionRequest) -> str:
    """What the session was started with, as Markdown."""
    return (
        f"Agent {span(request.agent)} for {span(request.requester)}. Side effects wait for a person in Slack.\n\n"
        f"{fence(request.task)}"
    )


def search_attributes(request: SessionRequest) -> TypedSearchAttributes:
    """What finds the session before a worker has seen it."""
    values = {
        names.SEARCH_AGENT: request.agent,
        names.SEARCH_REQUESTER: request.requester,
        names.SEARCH_STATE: "starting",
    }
    return TypedSearchAttributes(
        [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in values.items()]
    )
