"""What an approval is bound to, for any call: digests, canonical JSON, normal forms, and the rule on reviews."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import Field, JsonValue

from seconder import ContractError, Effect, tool
from seconder.canonical import canonical_json, sha256_of
from seconder.contracts.approvals import ApprovalRequest, refusal_of
from seconder.contracts.calls import ApprovedCall, Call, Decision, Review, Reviewer
from seconder.tools import InvalidArguments

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LARGEST = 2**53 - 1

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Beyond ±LARGEST a float's canonical text is an integer that no reader may be given: it fails closed on the way back.
floats = st.floats(-LARGEST, LARGEST)
scalars = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | floats | texts
values: SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
calls = st.builds(
    Call,
    session_id=texts,
    call_id=texts,
    agent=texts,
    agent_version=texts,
    tool=texts,
    tool_version=texts,
    arguments=objects,
    effect=st.sampled_from(Effect),
    model_call_id=texts,
)
BOUND = ("session_id", "call_id", "agent", "agent_version", "tool", "tool_version", "arguments")


# --- digests


@given(calls, calls, st.sampled_from(BOUND))
def test_a_change_of_any_field_changes_the_digest(call: Call, other: Call, field: str) -> None:
    """An approval of one call is never an approval of a call that differs in anything that was shown."""
    changed = call.model_copy(update={field: getattr(other, field)})
    same = canonical_json(getattr(call, field)) == canonical_json(getattr(changed, field))
    assert (changed.digest == call.digest) is same


@given(calls)
def test_a_digest_survives_the_way_through_json(call: Call) -> None:
    """Every process that reads a call comes to the same digest, whatever order the keys arrive in."""
    turned = _keys_reversed(json.loads(call.model_dump_json()))
    assert Call.model_validate(turned).digest == call.digest


@given(calls, texts)
def test_what_the_model_chose_is_not_part_of_the_digest(call: Call, model_call_id: str) -> None:
    """The model's own id of a call cannot be used to make two digests of one call, or one of two."""
    assert call.model_copy(update={"model_call_id": model_call_id}).digest == call.digest


# --- canonical JSON


@given(values)
def test_canonical_json_says_what_the_value_says(value: JsonValue) -> None:
    """Nothing is lost or changed on the way into the text that is digested; 1.0 and 1 are one number in JSON."""
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(objects)
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, JsonValue]) -> None:
    """One text for one value."""
    assert canonical_json(_keys_reversed(value)) == canonical_json(value)


@given(values, values)
def test_two_values_share_a_text_only_if_they_are_one_in_json(one: JsonValue, other: JsonValue) -> None:
    """Two values that a reader could tell apart have two digests."""
    assert (sha256_of(one) == sha256_of(other)) is (_json_identity(one) == _json_identity(other))


@given(st.sampled_from([float("nan"), float("inf"), LARGEST + 1, -LARGEST - 1, "\ud800"]), st.booleans())
def test_what_json_cannot_carry_unchanged_is_refused(value: Any, nested: bool) -> None:  # noqa: FBT001
    """A number that another reader would round, or a text that is none, never gets a digest."""
    with pytest.raises(ContractError, match="canonical JSON"):
        canonical_json({"deep": [value]} if nested else value)


# --- normal forms


class Speed(StrEnum):
    """How fast."""

    SLOW = "slow"
    FAST = "fast"


@tool(effect=Effect.WRITE)
def deliver(
    *,
    order: int,
    price: Decimal,
    weight: float,
    on: datetime,
    speed: Speed = Speed.SLOW,
    note: Annotated[str, Field(max_length=20)] = "",
    parcels: list[tuple[int, str]] | None = None,
    gift: bool = False,
) -> None:
    """Deliver an order."""


fitting = st.fixed_dictionaries(
    {
        "order": st.integers(-LARGEST, LARGEST),
        "price": st.decimals(-1000, 1000, places=2).map(str),
        "weight": st.integers(0, 100) | st.floats(0, 100),
        "on": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    },
    optional={
        "speed": st.sampled_from(["slow", "fast"]),
        "note": texts,
        "parcels": st.none() | st.lists(st.tuples(st.integers(0, 9), texts).map(list), max_size=2),
        "gift": st.booleans(),
    },
)


@given(fitting)
def test_the_normal_form_of_arguments_is_one(arguments: dict[str, JsonValue]) -> None:
    """What is shown, what is digested and what the tools worker checks are the same text, defaults filled in."""
    normal = deliver.normalise(arguments)
    assert canonical_json(deliver.normalise(normal)) == canonical_json(normal)
    assert set(normal) == {"order", "price", "weight", "on", "speed", "note", "parcels", "gift"}


@given(fitting, fitting)
def test_arguments_with_one_normal_form_mean_the_same(one: dict[str, JsonValue], other: dict[str, JsonValue]) -> None:
    """A default that is written out and one that is left out are one call; any other difference makes two."""
    filled: dict[str, JsonValue] = {"speed": "slow", "note": "", "parcels": None, "gift": False}
    assume(
        datetime.fromisoformat(str(one["on"])) != datetime.fromisoformat(str(other["on"])) or one["on"] == other["on"]
    )
    same = canonical_json(deliver.normalise(one)) == canonical_json(deliver.normalise(other))
    assert same is (canonical_json(filled | one) == canonical_json(filled | other))


WRONG: list[tuple[str, Any]] = [
    ("order", "7"),
    ("order", 7.5),
    ("order", True),
    ("order", None),
    ("price", True),
    ("price", "much"),
    ("price", "NaN"),
    ("weight", "1.5"),
    ("on", "soon"),
    ("on", 0),
    ("speed", "Fast"),
    ("note", 7),
    ("note", "x" * 21),
    ("parcels", [[1, 2]]),
    ("parcels", "none"),
    ("gift", 1),
    ("gift", "true"),
    ("to", "Otto"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
@settings(max_examples=20)
@given(arguments=fitting)
def test_arguments_are_taken_as_they_are_or_not_at_all(name: str, value: Any, arguments: dict[str, JsonValue]) -> None:
    """Nothing is coerced: an argument of another type, or one that is unknown, is refused by its name."""
    with pytest.raises(InvalidArguments, match=name):
        deliver.normalise(arguments | {name: value})


@given(values.filter(lambda value: not isinstance(value, dict)))
def test_arguments_that_are_no_object_are_refused(value: JsonValue) -> None:
    """The model may send any JSON; only an object has names to show."""
    with pytest.raises(InvalidArguments):
        deliver.normalise(value)


# --- who may decide

people = st.sampled_from(["U0ANNA", "U0ALAN", "U0OTTO", ""])
requests = st.lists(calls, min_size=1, max_size=4, unique_by=lambda call: call.digest).map(
    lambda found: ApprovalRequest(
        request_id="approval-a-1",
        session_id="a",
        agent="clerk",
        agent_version="1",
        requester="U0RITA",
        task="",
        calls=tuple(found),
        reviewers=("U0ANNA", "U0ALAN"),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
)


@st.composite
def disputes(draw: st.DrawFn) -> tuple[ApprovalRequest, dict[str, Decision], Review, datetime]:
    """A request, some decisions on it, a review that may be wrong in any way, and the time at which it is judged."""
    request = draw(requests)
    digests = [call.digest for call in request.calls]
    decided = draw(st.lists(st.sampled_from(digests), unique=True))
    kinds = st.sampled_from(["approved", "denied", "expired", "cancelled"])
    decisions = {digest: Decision(digest=digest, kind=draw(kinds), at=NOW) for digest in decided}
    review = Review(
        request_id=draw(st.sampled_from(["approval-a-1", "approval-a-2"])),
        digests=tuple(draw(st.lists(st.sampled_from([*digests, "0" * 64]), min_size=1, unique=True))),
        verdict=draw(st.sampled_from(["approve", "deny"])),
        reviewer=Reviewer(user_id=draw(people.filter(bool))),
        at=NOW + timedelta(minutes=draw(st.integers(-10, 80))),
    )
    return request, decisions, review, NOW + timedelta(minutes=draw(st.integers(0, 80)))


@given(disputes())
def test_a_review_counts_only_if_everything_about_it_is_right(
    dispute: tuple[ApprovalRequest, dict[str, Decision], Review, datetime],
) -> None:
    """A review that counts is for this request and its calls, by a listed person, in time, and about an open call."""
    request, decisions, review, now = dispute
    right = (
        review.request_id == request.request_id,
        {*review.digests} <= {call.digest for call in request.calls},
        review.reviewer.user_id in ("U0ANNA", "U0ALAN"),
        review.at < request.expires_at,
        review.at <= now + timedelta(seconds=30),
        any(digest not in decisions for digest in review.digests),
        all(decisions[digest].kind != "expired" for digest in review.digests if digest in decisions),
    )
    assert (refusal_of(request, decisions, review, now) is None) is all(right)


# --- the proof that a tools worker checks


@given(
    calls,
    st.sampled_from(["approved", "denied", "expired", "cancelled", "automatic"]),
    st.sampled_from(["this call", "another call"]),
    st.lists(st.tuples(st.sampled_from(["approve", "deny"]), st.booleans()), max_size=2),
)
def test_only_a_persons_yes_to_this_call_lets_it_run(
    call: Call, kind: Any, of: str, verdicts: list[tuple[Any, bool]]
) -> None:
    """A decision without a review that approves this digest lets nothing run, whatever its kind says."""
    digest = call.digest if of == "this call" else sha256_of(["another"])
    reviews = tuple(
        Review(
            request_id="approval-a-1",
            digests=(call.digest if about_this else sha256_of(["another"]),),
            verdict=verdict,
            reviewer=Reviewer(user_id="U0ANNA"),
            at=NOW,
        )
        for verdict, about_this in verdicts
    )
    approved = ApprovedCall(call=call, decision=Decision(digest=digest, kind=kind, reviews=reviews, at=NOW))
    may = of == "this call" and kind == "approved" and ("approve", True) in verdicts
    if may:
        assert approved.verified() is approved
    else:
        with pytest.raises(ContractError):
            approved.verified()


def _keys_reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys_reversed(value[key]) for key in reversed(list(value))}
    return [_keys_reversed(item) for item in value] if isinstance(value, list) else value


def _json_identity(value: Any) -> Any:
    """What tells two JSON values apart: `true` is no 1, and 1.0 is no other number than 1."""
    if isinstance(value, dict):
        return ("object", tuple(sorted((key, _json_identity(item)) for key, item in value.items())))
    if isinstance(value, list):
        return ("array", tuple(_json_identity(item) for item in value))
    if isinstance(value, bool) or value is None:
        return ("word", str(value))
    return ("text", value) if isinstance(value, str) else ("number", value)
