"""A request for approval, its notice, and the one rule on who may decide what, when."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from seconder.contracts.base import Contract, Digest, Moment
from seconder.contracts.blocks import BlockFacts, BlockOrigin
from seconder.contracts.calls import Call, Decision, Review, Reviewer, ToolReport

CALLS_PER_REQUEST = 8
"""More would not fit on one screen; further calls go into a request of their own."""

CLOCK_TOLERANCE = timedelta(seconds=30)
"""How far the gateway's clock may run ahead of Temporal's before a review counts as made in the future."""


class ApprovalRequest(Contract):
    """The stored request: what an approver sees is drawn from it, and what runs is what it holds.

    It is the input of the workflow `Approval`, whose id is `request_id`; anyone can read it from the first event of
    that workflow's history without a worker.
    """

    request_id: str
    session_id: str
    agent: str
    agent_version: str
    requester: str
    task: str
    """The first lines of the session's task, for orientation."""
    calls: tuple[Call, ...] = Field(min_length=1, max_length=CALLS_PER_REQUEST)
    block: BlockFacts | None = None
    """What was found in the code, when the one call is a block."""
    origin: BlockOrigin | None = None
    """The block that makes these calls and waits for them, when it is not the model itself."""
    reviewers: tuple[str, ...] = Field(min_length=1)
    created_at: Moment
    expires_at: Moment

    def call(self, digest: str) -> Call | None:
        """The call of this digest."""
        return next((call for call in self.calls if call.digest == digest), None)

    def tools(self) -> tuple[str, ...]:
        """The tools that are asked for, each once."""
        return tuple(dict.fromkeys(call.tool for call in self.calls))


class Notice(Contract):
    """Where a request stands in Slack."""

    channel: str
    ts: str


class NoticeUpdate(Contract):
    """A notice and everything that is known about its calls by now."""

    notice: Notice
    request: ApprovalRequest
    decisions: tuple[Decision, ...] = ()
    reports: dict[Digest, ToolReport] = Field(default_factory=dict)
    """What came out of the calls that ran, by digest."""
    block_ended: str = ""
    """How the block ended, when the request was for one."""


Refusal = Literal["not_allowed", "already_decided", "expired", "superseded", "from_the_future"]
"""Why a review does not count."""


class RefusedReview(Contract):
    """A review that did not count, for the answer to the person who made it."""

    request_id: str
    reviewer: Reviewer
    refusal: Refusal
    decision: Decision | None = None
    """The decision that stands, when there is one."""
    channel: str = ""
    reviewers: tuple[str, ...] = ()
    """Who may decide, for the answer to somebody who may not."""
    expires_at: Moment | None = None


class ApprovalState(Contract):
    """What the query `state` of an approval answers."""

    request: ApprovalRequest
    decisions: tuple[Decision, ...] = ()
    notice: Notice | None = None
    notice_problem: str = ""
    """Why the notice is not posted, when Slack refused it."""
    refused_reviews: int = 0


class ApprovalResult(Contract):
    """What the workflow `Approval` returns: one decision for each call, in the order of the calls."""

    decisions: tuple[Decision, ...]
    notice: Notice | None = None
    notice_is_current: bool = True
    """Whether the notice shows these decisions; otherwise somebody has to bring it up to date."""


def refusal_of(request: ApprovalRequest, decided: dict[str, Decision], review: Review, now: datetime) -> Refusal | None:
    """Why a review does not count for this request, or None when it does.

    The one place that says who may decide: the gateway asks it to answer a click, `Approval` asks it again before it
    decides. The time that counts is when the person clicked, so that a click made while no worker ran is not lost;
    expiry is judged by it too.
    """
    if review.request_id != request.request_id or any(request.call(digest) is None for digest in review.digests):
        return "superseded"
    if review.reviewer.user_id not in request.reviewers:
        return "not_allowed"
    if review.at > now + CLOCK_TOLERANCE:
        return "from_the_future"
    standing = [decided[digest] for digest in review.digests if digest in decided]
    if any(decision.kind == "expired" for decision in standing) or review.at >= request.expires_at:
        return "expired"
    if len(standing) == len(review.digests):
        return "already_decided"
    return None
