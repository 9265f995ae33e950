"""What a session takes along when it continues as new, and what it sends to a notice, fit into Temporal's payloads."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from pydantic import TypeAdapter
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from seconder.contracts.approvals import CALLS_PER_REQUEST
from seconder.contracts.block_settings import BlockSettings
from seconder.contracts.blocks import BlockReport, SettledCall
from seconder.contracts.calls import Call, Decision, Failed, Review, Reviewer, Settlement, Succeeded, ToolReport
from seconder.contracts.definitions import AgentDefinition, ReviewPolicy, SessionLimits
from seconder.contracts.session import SessionCarry
from seconder.effects import Effect
from workflows import outcomes
from workflows.record import SessionRecord

PAYLOAD_MAX: Final = 2 * 1024 * 1024
WIDE: Final = "語"
"""Three bytes of UTF-8 in one character."""
NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
DEFINITION: Final = AgentDefinition(
    name="clerk",
    version="1",
    instructions="Work.",
    model="gpt-5.1",
    tools=(),
    blocks=BlockSettings(),
    limits=SessionLimits(),
    policy=ReviewPolicy(reviewers=("U0ANNA",)),
)


@workflow.defn
class Recording:
    """Keeps a record until it is full, in words of which every character takes three bytes."""

    @workflow.run
    async def run(self) -> dict[str, Any]:
        record = SessionRecord(SessionCarry(definition=DEFINITION, started_at=workflow.now()))
        record.said_by_user("task", "The task.", "U0RITA")
        while not record.full:
            call = _call(record.next_call_id())
            decision = _decision(call)
            record.decided(call, decision)
            record.settled(call, Settlement(decision=decision, at=workflow.now()))
            record.told_model(call.model_call_id, {"reason": WIDE * 300})
        carry = record.carry(())
        return {
            "full": record.full,
            "bytes": len(carry.model_dump_json().encode()),
            "receipts": len(carry.receipts),
            "first": carry.transcript[0].text,
            "again": SessionRecord(carry).full,
        }


def _call(call_id: str) -> Call:
    return Call(
        session_id="s",
        call_id=call_id,
        agent="clerk",
        agent_version="1",
        tool="pay",
        tool_version="1",
        arguments={},
        effect=Effect.SPEND,
        model_call_id="m",
    )


def _decision(call: Call) -> Decision:
    reason = WIDE * 1000
    review = Review(
        request_id="approval-s-1",
        digests=(call.digest,),
        verdict="deny",
        reason=reason,
        reviewer=Reviewer(user_id="U0ANNA"),
        at=NOW,
    )
    return Decision(digest=call.digest, kind="denied", reason=reason, reviews=(review,), at=NOW)


async def test_a_full_record_still_fits_into_one_payload(temporal: WorkflowEnvironment) -> None:
    """However long a session goes on, in whatever script people write: it ends with a limit, never stuck."""
    queue = f"recording-{uuid4().hex}"
    async with Worker(
        temporal.client, task_queue=queue, workflows=[Recording], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        found = await temporal.client.execute_workflow(Recording.run, id=queue, task_queue=queue)
    assert found["full"].startswith("receipts: ")
    assert found["again"] == found["full"]
    assert found["receipts"] > 50
    assert found["bytes"] < PAYLOAD_MAX
    assert found["first"] == "The task."


def test_a_model_is_told_no_more_of_a_side_effect_than_it_needs() -> None:
    """A block with many long side effects does not crowd the conversation out; short ones are told whole."""

    def told(memo: str) -> dict[str, Any]:
        call = _call("c1.1-m").model_copy(update={"arguments": {"memo": memo}})
        report = ToolReport(outcome=Succeeded(result=memo), attempt=1, worker="w", started_at=NOW, finished_at=NOW)
        settlement = Settlement(decision=_decision(call), report=report, at=NOW)
        settled = SettledCall(number=1, call=call, settlement=settlement)
        [effect] = TypeAdapter(list[dict[str, Any]]).validate_python(
            outcomes.told_of_block(BlockReport(kind="failed"), [settled])["side_effects"]
        )
        return effect

    most = outcomes.VALUE_OF_EFFECT_MAX_CHARACTERS
    short, long = told("ok"), told("x" * 50_000)
    assert short == {"tool": "pay", "arguments": {"memo": "ok"}, "status": "succeeded", "result": "ok"}
    assert long["arguments"].startswith('{"memo": "xxx')
    assert long["result"].endswith("… (50000 characters in all)")
    assert max(len(long["arguments"]), len(long["result"])) < most + 50


def test_a_notice_is_told_no_more_of_a_result_than_it_can_show() -> None:
    """Eight calls with long results do not make an update of their notice that Temporal refuses."""
    long = ToolReport(
        outcome=Succeeded(result={"rows": [WIDE * 80] * 1000}), attempt=1, worker="w", started_at=NOW, finished_at=NOW
    )
    shown = outcomes.for_notice(long)
    assert len(shown.model_dump_json().encode()) * CALLS_PER_REQUEST < PAYLOAD_MAX / 4
    assert isinstance(shown.outcome, Succeeded)
    assert str(shown.outcome.result).endswith("characters in all)")
    short = long.model_copy(update={"outcome": Succeeded(result={"rows": []})})
    failed = long.model_copy(update={"outcome": Failed(error="No.")})
    assert [outcomes.for_notice(report) for report in (short, failed)] == [short, failed]
