"""What a person is told when a click did not count: one closed table, for the gateway and for the workers.

The texts are for a field that Slack parses; nothing but names from Slack's own ids is ever mentioned in them.
"""

from collections.abc import Mapping
from typing import Final, Literal, assert_never

from approvals.text import mention
from approvals.wording import at
from seconder.contracts.approvals import RefusedReview
from seconder.contracts.calls import Decision

_NAMED_MAX: Final = 10

type Trouble = Literal[
    "unknown_request", "superseded", "ended", "not_recorded", "unconfirmed", "not_shown", "no_reason"
]
"""Why a click led to nothing although no rule refused it."""

TROUBLES: Final[Mapping[Trouble, str]] = {
    "unknown_request": (
        "Nothing was recorded: this request is not known here. It may have been removed long after its end, or belong "
        "to another installation."
    ),
    "superseded": (
        "Nothing was recorded: this button belongs to a call that was superseded and will never run. Look for a newer "
        "notice of the session."
    ),
    "ended": (
        "Nothing was recorded: the request was stopped together with its session, and no decision of this call is on "
        "record."
    ),
    "not_recorded": "Nothing was recorded: Temporal could not be reached. Please click again in a moment.",
    "unconfirmed": (
        "Your click may not have been recorded: Temporal did not confirm it in time. Please click again; a click that "
        "arrives twice counts once."
    ),
    "not_shown": "That could not be opened: Temporal or Slack did not answer in time. Please click again in a moment.",
    "no_reason": "Please say why: the agent is told the reason.",
}


def refused_in_words(refused: RefusedReview) -> str:
    """Why a review did not count, and what stands instead."""
    if refused.refusal == "not_allowed":
        return f"Nothing was recorded: you are not a reviewer of this request.{_who_may(refused.reviewers)}"
    # What stands says more than the rule that refused: an approved call that is clicked late was approved, not expired.
    if refused.decision is not None:
        return f"Nothing was recorded: {_standing(refused.decision)}"
    match refused.refusal:
        case "expired":
            when = f" at {at(refused.expires_at)}" if refused.expires_at else ""
            return f"Nothing was recorded: the request expired{when}. Nobody said no; the session was told so."
        case "superseded":
            return TROUBLES["superseded"]
        case "already_decided":
            return "Nothing was recorded: this call is already decided."
        case "from_the_future":
            return (
                "Nothing was recorded: the gateway's clock is ahead of Temporal's, so nobody can tell when you "
                "clicked. Please have the clocks set, then click again."
            )
        case _:
            assert_never(refused.refusal)


def _standing(decision: Decision) -> str:
    people = dict.fromkeys(review.reviewer.user_id for review in decision.reviews)
    by = f" by {', '.join(mention(user) for user in people)}" if people else ""
    when = f" at {at(decision.at)}."
    match decision.kind:
        case "approved" | "denied":
            return f"this call was already {decision.kind}{by}{when}"
        case "automatic":
            return f"the policy approved this call by itself{when}"
        case "expired":
            return f"this call expired{when} Nobody said no; the session was told so."
        case "cancelled":
            return f"this call was cancelled{when} Nobody needs to decide it any more."
        case _:
            assert_never(decision.kind)


def _who_may(reviewers: tuple[str, ...]) -> str:
    if not reviewers:
        return ""
    more = len(reviewers) - _NAMED_MAX
    named = ", ".join(mention(user) for user in reviewers[:_NAMED_MAX])
    return f" These may decide: {named}{f' and {more} more' if more > 0 else ''}."
