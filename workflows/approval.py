"""`Approval`: one request to people, one decision for each of its calls.

Only a review that `refusal_of` lets pass decides anything. Handlers are synchronous and merely take note, so that two
reviews in one workflow task are judged in the order of their arrival; `run` does all the telling.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from seconder import names
from seconder.contracts.approvals import (
    ApprovalRequest,
    ApprovalResult,
    ApprovalState,
    Notice,
    NoticeUpdate,
    RefusedReview,
    refusal_of,
)
from seconder.contracts.calls import Decision, Review
from seconder.contracts.session import CancelCall
from workflows import presentation, timeouts
from workflows.results import read_result

ANSWERS_MAX: Final = 20
"""So many clicks that do not count are answered by one request; further ones are only counted."""
_STATE = SearchAttributeKey.for_keyword(names.SEARCH_STATE)


@workflow.defn(name=names.APPROVAL)
class Approval:
    """Waits for people until every call is decided or the request expires."""

    @workflow.init
    def __init__(self, raw: Any = None, *_: Any) -> None:  # noqa: ANN401 - anyone may start one
        self._no_request: ApplicationError | None = None
        try:
            self._request = ApprovalRequest.model_validate(raw)
        except ValidationError as error:
            # For `run` to raise: any other error, or one in here, would have Temporal start it again for ever.
            what = f"The input is no ApprovalRequest: {error.error_count()} mistakes."
            self._no_request = ApplicationError(what, type="InvalidRequest", non_retryable=True)
        self._decisions: dict[str, Decision] = {}
        self._notice: Notice | None = None
        self._notice_problem = ""
        self._notice_shows: tuple[Decision, ...] = ()
        self._updating = asyncio.Lock()
        self._untold: list[Decision] = []
        self._unanswered: list[RefusedReview] = []
        self._refused = 0
        self._answered = 0
        self._errands: dict[asyncio.Task[None], None] = {}  # a set of tasks would have no stable order

    @workflow.run
    async def run(self, raw: Any = None, *_: Any) -> ApprovalResult:  # noqa: ANN401 - as above
        """Post the notice, wait, and return the decisions in the order of the calls."""
        if self._no_request is not None:
            raise self._no_request
        self._show()
        posting = asyncio.create_task(self._post_notice())
        expiry = asyncio.create_task(workflow.sleep(self._time_left(), summary="The request expires"))
        try:
            while self._open_digests() and not expiry.done():
                await workflow.wait_condition(lambda: bool(self._untold or self._unanswered) or expiry.done())
                self._send_out()
            self._close_open("expired", "Nobody decided in time.")
        except asyncio.CancelledError:
            self._close_open("cancelled", "The session ended before anyone decided.")
        expiry.cancel()
        self._show()
        try:
            await self._settle(posting)
        except asyncio.CancelledError:
            # Everything is decided by now, and the session has to hear what was; it repairs the notice.
            workflow.logger.info("approval.cancelled_after_decision")
        decisions = self._in_order()
        return ApprovalResult(
            decisions=decisions, notice=self._notice, notice_is_current=self._notice_shows == decisions
        )

    @workflow.signal(name=names.SIGNAL_REVIEW)
    def review(self, raw: Any = None, *_: Any) -> None:  # noqa: ANN401 - anyone may send anything
        """Take one person's review; what does not count changes nothing and is answered."""
        if self._no_request is not None:
            return
        try:
            review = Review.model_validate(raw)
        except ValidationError as error:
            self._refused += 1
            workflow.logger.warning("approval.review_malformed", extra={"errors": error.error_count()})
            return
        if self._is_repeated(review):
            return
        refusal = refusal_of(self._request, self._decisions, review, workflow.now())
        if refusal is not None:
            self._refused += 1
            if self._answered < ANSWERS_MAX:
                self._answered += 1
                standing = [self._decisions[digest] for digest in review.digests if digest in self._decisions]
                self._unanswered.append(
                    RefusedReview(
                        request_id=self._request.request_id,
                        reviewer=review.reviewer,
                        refusal=refusal,
                        decision=standing[0] if standing else None,
                        channel=self._notice.channel if self._notice else "",
                        reviewers=self._request.reviewers,
                        expires_at=self._request.expires_at,
                    )
                )
            return
        for digest in review.digests:
            if digest not in self._decisions:
                kind = "approved" if review.verdict == "approve" else "denied"
                self._decide(
                    Decision(digest=digest, kind=kind, reason=review.reason, reviews=(review,), at=workflow.now())
                )

    @workflow.signal(name=names.SIGNAL_CANCEL_CALL)
    def cancel_call(self, raw: Any = None, *_: Any) -> None:  # noqa: ANN401 - anyone may send anything
        """Take back one call that still waits."""
        if self._no_request is not None:
            return
        try:
            cancel = CancelCall.model_validate(raw)
        except ValidationError:
            workflow.logger.warning("approval.cancel_malformed")
            return
        for call in self._request.calls:
            if call.call_id == cancel.call_id and call.digest not in self._decisions:
                self._decide(Decision(digest=call.digest, kind="cancelled", reason=cancel.reason, at=workflow.now()))

    @workflow.query(name=names.QUERY_STATE)
    def state(self) -> ApprovalState:
        """What is decided so far, and where the notice stands."""
        return ApprovalState(
            request=self._request,
            decisions=tuple(self._decisions.values()),
            notice=self._notice,
            notice_problem=self._notice_problem,
            refused_reviews=self._refused,
        )

    def _is_repeated(self, review: Review) -> bool:
        """Whether nothing of a review is new."""
        standing = [self._decisions.get(digest) for digest in review.digests]
        return all(decision is not None and decision.holds(review) for decision in standing)

    def _decide(self, decision: Decision) -> None:
        self._decisions[decision.digest] = decision
        self._untold.append(decision)

    def _close_open(self, kind: str, reason: str) -> None:
        for digest in self._open_digests():
            self._decide(
                Decision.model_validate({"digest": digest, "kind": kind, "reason": reason, "at": workflow.now()})
            )

    def _open_digests(self) -> list[str]:
        return [call.digest for call in self._request.calls if call.digest not in self._decisions]

    def _in_order(self) -> tuple[Decision, ...]:
        return tuple(self._decisions[call.digest] for call in self._request.calls if call.digest in self._decisions)

    def _time_left(self) -> float:
        return max((self._request.expires_at - workflow.now()).total_seconds(), 1.0)

    def _send_out(self) -> None:
        """Start telling: a session acts on an early decision while the other calls still wait."""
        untold, self._untold = self._untold, []
        unanswered, self._unanswered = self._unanswered, []
        for refused in unanswered:
            self._errand(self._answer(refused))
        if untold and self._open_digests():
            for decision in untold:
                self._errand(self._tell_session(decision))
            self._errand(self._update_notice())
            self._show()

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._errands[task] = None
        task.add_done_callback(lambda done: self._errands.pop(done, None))

    async def _settle(self, posting: asyncio.Task[None]) -> None:
        """Bring the notice up to date, but never hold an approved call up for long because Slack is slow."""
        self._send_out()
        if not posting.done():
            await workflow.wait([posting], timeout=timeouts.NOTICE_SETTLES_WITHIN.total_seconds())
            posting.cancel()
        self._errand(self._update_notice())
        settled_by = workflow.now() + timeouts.NOTICE_SETTLES_WITHIN
        while (self._errands or self._unanswered) and (left := (settled_by - workflow.now()).total_seconds()) > 0:
            # Two people may click at once: the second is answered, although the first has decided everything.
            self._send_out()
            await workflow.wait(list(self._errands), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for errand in list(self._errands):
            errand.cancel()

    async def _post_notice(self) -> None:
        """Post until it stands: what Slack refuses for good, such as a wrong channel, somebody can still mend."""
        pause = timeouts.NOTICE_REFUSED_PAUSE
        while self._notice is None:
            try:
                posted: RawValue = await workflow.execute_activity(
                    names.ACTIVITY_POST_NOTICE,
                    self._request,
                    result_type=RawValue,
                    summary=f"Ask {', '.join(self._request.reviewers[:5])}",
                    **timeouts.post_notice(timedelta(seconds=self._time_left())),
                )
                self._notice = read_result(Notice, posted)
                self._notice_problem = ""
            except (ActivityError, ApplicationError) as error:
                self._notice_problem = str(error.cause or error)
                workflow.logger.error("approval.notice_not_posted", extra={"cause": self._notice_problem})
                self._show()
                await workflow.sleep(pause, summary="Slack refused the notice; try again")
                pause = min(2 * pause, timeouts.NOTICE_REFUSED_PAUSE_MAX)
        self._show()
        if self._decisions:
            await self._update_notice()

    async def _update_notice(self) -> None:
        if self._notice is None:
            return
        # One at a time: an earlier state that is tried again must not land on top of a later one.
        async with self._updating:
            decisions = self._in_order()
            try:
                await workflow.execute_activity(
                    names.ACTIVITY_UPDATE_NOTICE,
                    NoticeUpdate(notice=self._notice, request=self._request, decisions=decisions),
                    summary=f"{len(decisions)} of {len(self._request.calls)} decided",
                    **timeouts.UPDATE_NOTICE_AT_ONCE,
                )
                self._notice_shows = decisions
            except ActivityError as error:
                workflow.logger.warning("approval.notice_not_updated", extra={"cause": str(error.cause)})

    async def _answer(self, refused: RefusedReview) -> None:
        try:
            await workflow.execute_activity(
                names.ACTIVITY_ANSWER_REVIEWER, refused, summary=refused.refusal, **timeouts.ANSWER_REVIEWER
            )
        except ActivityError as error:
            workflow.logger.warning("approval.reviewer_not_answered", extra={"cause": str(error.cause)})

    async def _tell_session(self, decision: Decision) -> None:
        parent = workflow.info().parent
        if parent is None:
            return
        session = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        try:
            await session.signal(names.SIGNAL_DECIDED, decision)
        except FailureError as error:
            workflow.logger.warning("approval.session_gone", extra={"cause": str(error)})

    def _show(self) -> None:
        open_count = len(self._open_digests())
        state = "waiting_for_approval" if open_count else next(reversed(self._decisions.values())).kind
        workflow.upsert_search_attributes([_STATE.value_set(state)])
        workflow.set_current_details(
            presentation.approval_details(
                self._request, self._decisions, posted=self._notice is not None, problem=self._notice_problem
            )
        )
