"""Whatever comes to an approval, in whatever order: a side effect runs when, and only when, its own yes came first.

Sessions run against a real server with no workflow cache, so the workflows are restarted from their histories at every
step. What should come of it is worked out by a model of its own, which shares no code with the rule on reviews.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.service import RPCError, RPCStatusCode

from seconder import names
from seconder.contracts.approvals import ApprovalRequest
from seconder.testing.model import function_call, text
from tests.integration.conftest import dev_server
from tests.integration.evidence import History, complaints
from tests.integration.stage import ALAN, ANNA, OTTO, Session, Stage, open_stage

REVIEWERS: Final = frozenset({ANNA.id, ALAN.id})
CALLS_MAX: Final = 3
_CLICKED_LATER: Final = {"late": timedelta(days=2), "from the future": timedelta(minutes=10)}


@dataclass(frozen=True)
class Review:
    """A verdict on some calls, by their places; `flaw` is why it does not count, and empty when it does."""

    reviewer: str
    verdict: str
    places: tuple[int, ...]
    flaw: str
    times: int


@dataclass(frozen=True)
class Cancel:
    """Somebody takes a call back."""

    place: int


@dataclass(frozen=True)
class Rubbish:
    """A signal that is no review."""

    payload: Any


@dataclass(frozen=True)
class Forged:
    """A decision sent straight to the session: a yes without the yes of a reviewer."""

    place: int


Move = Review | Cancel | Rubbish | Forged
places = st.integers(0, CALLS_MAX - 1)
reviews = st.builds(
    Review,
    reviewer=st.sampled_from(sorted(REVIEWERS)),
    verdict=st.sampled_from(["approve", "approve", "deny"]),
    places=st.lists(places, min_size=1, max_size=2, unique=True).map(tuple),
    flaw=st.sampled_from(["", "stranger", "late", "from the future", "of another request", "of another call"]),
    times=st.integers(1, 2),
)
sound = reviews.map(lambda review: replace(review, flaw=""))
rubbish = st.builds(Rubbish, st.sampled_from([None, {}, [], "approve", {"verdict": "approve"}, {"request_id": 1}]))
oddities = rubbish | st.builds(Cancel, places) | st.builds(Forged, places)
moves: st.SearchStrategy[list[Move]] = st.lists(st.one_of(sound, reviews, reviews, oddities), min_size=2, max_size=8)


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    """An engine and a tools worker: the moves go straight to Temporal, as only an attacker's could."""
    async with (
        await dev_server() as temporal,
        open_stage(temporal.client, processes=("engine", "tools"), expires_after=3600) as opened,
    ):
        yield opened


@settings(
    max_examples=25,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(calls=st.integers(1, CALLS_MAX), script=moves)
async def test_a_side_effect_runs_only_after_its_own_approval(stage: Stage, calls: int, script: list[Move]) -> None:
    """No order of reviews, repeats, strangers, late clicks, rubbish and forgeries runs what was not approved."""
    asking = [function_call("pay", {"customer": place, "cents": 100}) for place in range(calls)]
    session = await stage.start(asking, [text("Done.")])
    request = await session.request()
    for move in script:
        await _play(session, request, move)
    for place in range(calls):
        await _play(session, request, Cancel(place))
    result = await session.result()

    expected = _expected(calls, script)
    kinds = {receipt.call_id: receipt.decision.kind for receipt in result.receipts}
    assert [kinds[call.call_id] for call in request.calls] == expected
    approved = [call.call_id for call, kind in zip(request.calls, expected, strict=True) if kind == "approved"]
    assert Counter(seen.call_id for seen in stage.witness.of(session.session_id)) == Counter(approved)
    assert await complaints(stage.client, await History.fetch(stage.client, session.handle.id)) == []


async def _play(session: Session, request: ApprovalRequest, move: Move) -> None:
    approval = session.stage.client.get_workflow_handle(request.request_id)
    try:
        match move:
            case Review():
                for _ in range(move.times):
                    await approval.signal(names.SIGNAL_REVIEW, _payload(request, move))
            case Cancel():
                if move.place < len(request.calls):
                    call_id = request.calls[move.place].call_id
                    await approval.signal(names.SIGNAL_CANCEL_CALL, {"call_id": call_id, "reason": "Taken back."})
            case Rubbish():
                await approval.signal(names.SIGNAL_REVIEW, move.payload)
            case Forged():
                digest = request.calls[move.place % len(request.calls)].digest
                forged = {"digest": digest, "kind": "approved", "at": datetime.now(UTC).isoformat()}
                await session.handle.signal(names.SIGNAL_DECIDED, forged)
    except RPCError as error:
        # Everything is decided: whatever comes now comes too late.
        if error.status != RPCStatusCode.NOT_FOUND:
            raise


def _payload(request: ApprovalRequest, review: Review) -> dict[str, Any]:
    digests = [call.digest for call in _named(request.calls, review)]
    return {
        "request_id": f"{request.request_id}0" if review.flaw == "of another request" else request.request_id,
        "digests": [*digests, "0" * 64] if review.flaw == "of another call" else digests,
        "verdict": review.verdict,
        "reason": "So be it.",
        "reviewer": {"user_id": OTTO.id if review.flaw == "stranger" else review.reviewer},
        "at": (datetime.now(UTC) + _CLICKED_LATER.get(review.flaw, timedelta())).isoformat(),
    }


def _named[T](calls: Sequence[T], review: Review) -> list[T]:
    """The calls at the places that a review names; places beyond the last begin again at the first."""
    return [calls[place] for place in dict.fromkeys(place % len(calls) for place in review.places)]


def _expected(calls: int, script: list[Move]) -> list[str]:
    """The first word that counts decides a call; the test takes back what nobody decided."""
    decided: dict[int, str] = {}
    for move in script:
        if isinstance(move, Cancel):
            decided.setdefault(move.place, "cancelled")
        elif isinstance(move, Review) and not move.flaw:
            for place in _named(range(calls), move):
                decided.setdefault(place, {"approve": "approved", "deny": "denied"}[move.verdict])
    return [decided.get(place, "cancelled") for place in range(calls)]
