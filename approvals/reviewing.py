"""From a click to a recorded review: look the call up, ask the one rule, signal."""

from dataclasses import dataclass

import structlog

from approvals.answers import TROUBLES, Trouble, refused_in_words
from approvals.pointers import Pointer
from approvals.requests import RequestClosedError, Requests, StoredRequest
from seconder.contracts.approvals import RefusedReview, refusal_of
from seconder.contracts.calls import Call, Decision, Review
from seconder.errors import ContractError, NotFoundError, ServiceError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was recorded, or nobody can say that it was; `words` tell the person why."""

    words: str


@dataclass(frozen=True, slots=True)
class Found:
    """The stored call that a button points to."""

    pointer: Pointer
    stored: StoredRequest
    call: Call

    @property
    def decision(self) -> Decision | None:
        """What was decided about it, as far as that can be known."""
        return self.stored.decided.get(self.pointer.digest)

    def is_repeated(self, review: Review) -> bool:
        """Whether the decision holds this review already."""
        return self.decision is not None and self.decision.holds(review)


class Reviewing:
    """Judges and records reviews of stored requests."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def find(self, value: str, otherwise: Trouble = "not_recorded") -> Found | Refused:
        """The call that `value` points to; `otherwise` is told when Temporal cannot be asked."""
        try:
            pointer = Pointer.parse(value)
            stored = await self._requests.load(pointer.request_id)
        except (ContractError, NotFoundError) as error:
            _log.warning("gateway.request_unknown", error=str(error))
            return Refused(TROUBLES["unknown_request"])
        except ServiceError as error:
            _log.warning("gateway.temporal_failed", error=str(error))
            return Refused(TROUBLES[otherwise])
        call = stored.request.call(pointer.digest)
        if call is None:
            _log.warning("gateway.call_superseded", request_id=pointer.request_id)
            return Refused(TROUBLES["superseded"])
        return Found(pointer, stored, call)

    def judge(self, found: Found, review: Review) -> Refused | None:
        """Why this review would not count; None when it would, as far as that can be known without a worker."""
        refusal = refusal_of(found.stored.request, found.stored.decided, review, review.at)
        log = _log.bind(request_id=review.request_id, reviewer=review.reviewer.user_id, verdict=review.verdict)
        if refusal is not None:
            log.info("gateway.click_refused", refusal=refusal)
            return Refused(
                refused_in_words(
                    RefusedReview(
                        request_id=review.request_id,
                        reviewer=review.reviewer,
                        refusal=refusal,
                        decision=found.decision,
                        reviewers=found.stored.request.reviewers,
                        expires_at=found.stored.request.expires_at,
                    )
                )
            )
        if not found.stored.is_open:
            log.info("gateway.click_refused", refusal="ended")
            return Refused(TROUBLES["ended"])
        return None

    async def record(self, found: Found, review: Review) -> Refused | None:
        """Signal a review that counts; None once Temporal has it."""
        if refused := self.judge(found, review):
            return None if found.is_repeated(review) else refused
        log = _log.bind(request_id=review.request_id, reviewer=review.reviewer.user_id, verdict=review.verdict)
        try:
            await self._requests.send(found.stored, review)
        except RequestClosedError:
            return await self._after_closing(found, review)
        except ServiceError as error:
            log.warning("gateway.review_unconfirmed", error=str(error))
            return Refused(TROUBLES["unconfirmed"])
        log.info("gateway.review_recorded", call_id=found.call.call_id, tool=found.call.tool)
        return None

    async def _after_closing(self, found: Found, review: Review) -> Refused | None:
        """Somebody else was faster: what stands is known now."""
        again = await self.find(str(found.pointer))
        if isinstance(again, Refused):
            return again
        if again.is_repeated(review):
            return None
        return self.judge(again, review) or Refused(TROUBLES["ended"])
