"""What becomes of an approved call: it happened, it did not, or nobody can know."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from seconder import Effect, names
from seconder.contracts.calls import ApprovedCall, Call, Decision, Review, Reviewer
from seconder.testing.model import function_call, text
from tests.integration import clerk
from tests.integration.stage import ANNA, Stage

OUTCOMES: dict[str, tuple[dict[str, Any], str, str, int]] = {
    # tool: arguments, the receipt's outcome, what the model is told, how often the tool ran
    "pay": ({"customer": 7, "cents": 100}, "succeeded", "succeeded", 1),
    "decline": ({"why": "The shop is closed"}, "failed", "failed", 1),
    "stumble": ({}, "unknown", "outcome_unknown", 1),
    "linger": ({}, "unknown", "outcome_unknown", 1),
    "book": ({"cents": 100}, "succeeded", "succeeded", 2),
}


@pytest.mark.parametrize("tool", OUTCOMES)
async def test_an_outcome_is_what_is_known(stage: Stage, tool: str) -> None:
    """Only a tool that says so has failed; any other error means unknown, and is never tried again blindly."""
    arguments, outcome, told, times = OUTCOMES[tool]
    session = await stage.start([function_call(tool, arguments)], [text("Done.")])
    await session.approve()
    result = await session.result()

    [receipt] = result.receipts
    assert (receipt.outcome, receipt.decision.kind) == (outcome, "approved")
    assert session.told()[0]["status"] == told
    effects = stage.witness.of(session.session_id)
    assert [seen.attempt for seen in effects] == list(range(1, times + 1))
    assert {seen.idempotency_key for seen in effects} == {receipt.digest}
    assert (await session.history()).tools == {tool: 1}
    await session.notice(showing=outcome if outcome == "unknown" else outcome.capitalize())


async def test_the_reason_of_a_failure_reaches_the_model(stage: Stage) -> None:
    """A tool's own words about what did not happen are what the model reads; an unknown outcome says what to do."""
    session = await stage.start(
        [function_call("decline", {"why": "The shop is closed"}), function_call("stumble")], [text("Done.")]
    )
    await session.approve(call=0)
    await session.approve(call=1)
    await session.result()
    failed, unknown = session.told()
    assert failed["error"] == "The shop is closed; nothing was changed."
    assert unknown["error"] == "RuntimeError: the disk is full"
    assert "Do not repeat" in unknown["note"]


# --- calls that no session sent

CALL = Call(
    session_id="intruder",
    call_id="c1-000000000000",
    agent="clerk",
    agent_version="1",
    tool="pay",
    tool_version=clerk.pay.spec.version,
    arguments={"customer": 7, "cents": 100, "memo": ""},
    effect=Effect.SPEND,
)
NOW = datetime.now(UTC)


def _approved(call: Call = CALL, **changes: Any) -> ApprovedCall:
    """What a session would send after an approval of `CALL`, with changes to the decision."""
    review = Review(
        request_id="approval-intruder-1",
        digests=(CALL.digest,),
        verdict="approve",
        reviewer=Reviewer(user_id=ANNA.id),
        at=NOW,
    )
    decision = Decision(digest=CALL.digest, kind="approved", reviews=(review,), at=NOW)
    return ApprovedCall(call=call, decision=decision.model_copy(update=changes))


def _changed(**changes: Any) -> Call:
    return CALL.model_copy(update=changes)


def _denial() -> Review:
    return _approved().decision.reviews[0].model_copy(update={"verdict": "deny"})


def _again_for(call: Call) -> ApprovedCall:
    """A call with a decision of its own that matches it in every way."""
    review = _approved().decision.reviews[0].model_copy(update={"digests": (call.digest,)})
    return _approved(call, digest=call.digest, reviews=(review,))


TAMPERED: list[tuple[str, Callable[[], ApprovedCall], str]] = [
    (
        "changed arguments",
        lambda: _approved(_changed(arguments={**CALL.arguments, "cents": 999})),
        "another call's digest",
    ),
    ("another session", lambda: _approved(_changed(session_id="other")), "another call's digest"),
    ("another call", lambda: _approved(_changed(call_id="c2-000000000000")), "another call's digest"),
    ("another digest", lambda: _approved(digest="0" * 64), "another call's digest"),
    ("denied", lambda: _approved(kind="denied"), "decision is denied"),
    ("expired", lambda: _approved(kind="expired"), "decision is expired"),
    ("automatic", lambda: _approved(kind="automatic"), "decision is automatic"),
    ("approved by nobody", lambda: _approved(reviews=()), "Nobody approved"),
    ("approved by a denial", lambda: _approved(reviews=(_denial(),)), "Nobody approved"),
    ("an older version", lambda: _again_for(_changed(tool_version="1+00000000")), "version 1+00000000 was approved"),
    ("another tool's name", lambda: _again_for(_changed(tool="decline")), "no side-effecting tool decline"),
    ("another agent", lambda: _again_for(_changed(agent="nobody")), "no side-effecting tool pay of agent nobody"),
    ("no normal form", lambda: _again_for(_changed(arguments={"customer": 7, "cents": 100})), "not in the form"),
    ("unknown argument", lambda: _again_for(_changed(arguments={**CALL.arguments, "to": "me"})), "to: "),
]


@workflow.defn(name="Intruder")
class Intruder:
    """Somebody who can start workflows, and sends a tools worker whatever they like."""

    @workflow.run
    async def run(self, message: Any) -> Any:
        """Schedule `pay` as a session does."""
        return await workflow.execute_activity(
            "pay",
            message,
            task_queue=names.TOOLS_QUEUE,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=2),
        )


async def _intrude(stage: Stage, message: Any) -> ApplicationError:
    runner = UnsandboxedWorkflowRunner()
    async with Worker(stage.client, task_queue="intruder", workflows=[Intruder], workflow_runner=runner):
        with pytest.raises(WorkflowFailureError) as raised:
            await stage.client.execute_workflow(Intruder.run, message, id="intruder", task_queue="intruder")
    assert isinstance(raised.value.cause, ActivityError)
    assert isinstance(raised.value.cause.cause, ApplicationError)
    return raised.value.cause.cause


@pytest.mark.parametrize(("tampered", "why"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED])
async def test_a_tools_worker_refuses_what_was_not_approved(
    stage: Stage, tampered: Callable[[], ApprovedCall], why: str
) -> None:
    """The worker with the credentials checks for itself; a message that does not hold together runs nothing."""
    refused = await _intrude(stage, tampered())
    assert (refused.type, refused.non_retryable) == ("ToolRefused", True)
    assert why in refused.message
    assert not stage.witness.of("intruder")
    assert not stage.witness.of("other")


@pytest.mark.parametrize("message", [None, 7, {}, {"call": "pay"}, [], "approved"], ids=repr)
async def test_a_tools_worker_runs_nothing_for_a_message_that_is_none(stage: Stage, message: Any) -> None:
    """What cannot be read is no call; its retries are bounded by whoever sent it."""
    await _intrude(stage, message)
    assert not stage.witness.of("intruder")
