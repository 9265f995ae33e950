"""What the client shows of sessions and requests: everything that Temporal knows, and what a worker adds to it."""

from typing import Literal

from pydantic import Field

from seconder.contracts.approvals import ApprovalRequest, ApprovalState
from seconder.contracts.base import Contract, Moment
from seconder.contracts.session import Entry, SessionRequest, SessionResult, SessionState

Execution = Literal["running", "completed", "failed", "cancelled", "terminated", "timed_out"]
"""What has become of the workflow, in Temporal's sense; a session that was refused has *completed* here."""


class SessionHandle(Contract):
    """A session that was started."""

    session_id: str
    workflow_id: str
    run_id: str


class SessionSummary(Contract):
    """A session as Temporal lists it; no worker is needed to know this.

    `state` is the session's last word on its status and stays as it was when somebody terminated the workflow, so read
    it together with `execution`. `task` is there when the session was started by this client.
    """

    session_id: str
    workflow_id: str
    run_id: str
    agent: str = ""
    state: str = ""
    requester: str = ""
    task: str = ""
    execution: Execution
    started_at: Moment
    ended_at: Moment | None = None


class SessionView(Contract):
    """All that can be shown of one session.

    `unanswered` says why `state` and `transcript` are missing: they are a worker's answers. `result` and `failure`
    are read from the history of a session that has ended.
    """

    summary: SessionSummary
    request: SessionRequest | None = None
    """None when the session was started with something that is no `SessionRequest`."""
    state: SessionState | None = None
    transcript: tuple[Entry, ...] = ()
    unanswered: str = ""
    result: SessionResult | None = None
    failure: str = ""


class OpenRequest(Contract):
    """A request that waits for people.

    `state` is the worker's answer and None when none runs. `problem` says why `request` cannot be read.
    """

    request_id: str
    request: ApprovalRequest | None = None
    state: ApprovalState | None = None
    problem: str = ""
    waiting_seconds: float = Field(ge=0)
    expires_in_seconds: float | None = None
    """Below zero when it has expired and no worker has said so yet."""
