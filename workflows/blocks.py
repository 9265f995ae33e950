"""The block lane: code that reads is approved as a unit and runs in a sandbox.

An approval of a block covers the code and the tools that were found in it; it never covers a side effect.
"""

import asyncio
from typing import Literal

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError

from seconder import names
from seconder.contracts.approvals import NoticeUpdate
from seconder.contracts.blocks import BlockFacts, BlockReport, BlockRun
from seconder.contracts.calls import Call, Decision
from seconder.contracts.definitions import AgentDefinition
from workflows import outcomes, timeouts
from workflows.errands import Errands
from workflows.gate import Gate, OpenRequest
from workflows.record import SessionRecord
from workflows.status import Status


class Blocks:
    """Runs the code blocks of one session."""

    def __init__(self, gate: Gate, record: SessionRecord, errands: Errands, status: Status) -> None:
        self._gate = gate
        self._record = record
        self._errands = errands
        self._status = status
        self._running: list[asyncio.Task[BlockReport]] = []

    async def run(self, definition: AgentDefinition, call: Call, facts: BlockFacts) -> dict[str, JsonValue]:
        """Ask where a person must, run, and give what the model is told."""
        decision, entry = await self._decide(definition, call, facts)
        self._record.decided(call, decision)
        if not decision.allows or self._status.stopping:
            self._record.settled(call, decision, "not_run")
            return outcomes.told_of_decision(decision)
        report = await self._execute(definition, call, facts, decision)
        self._record.block_ran(call, report)
        outcome: Literal["succeeded", "failed"] = "succeeded" if report.kind == "completed" else "failed"
        self._record.settled(call, decision, outcome, worker=report.worker)
        if entry is not None and entry.notice is not None:
            ended = f"{report.kind}, {len(report.calls)} calls, {report.wall_seconds:.1f} s"
            self._errands.update_notice(
                NoticeUpdate(notice=entry.notice, request=entry.request, decisions=(decision,), block_ended=ended)
            )
        return outcomes.told_of_block(report)

    def cancel(self) -> None:
        """Stop every block that runs; its sandbox is killed."""
        for task in self._running:
            task.cancel()

    async def _decide(
        self, definition: AgentDefinition, call: Call, facts: BlockFacts
    ) -> tuple[Decision, OpenRequest | None]:
        if definition.blocks.automatic and not facts.sensitive and not facts.dynamic:
            reason = "The agent lets blocks run that name only unrestricted reads."
            return Decision(digest=call.digest, kind="automatic", reason=reason, at=workflow.now()), None
        [entry] = self._gate.ask(definition, [call], facts)
        decision = await self._gate.decision_of(entry, call)
        await self._gate.until_ended(entry)
        return decision, entry

    async def _execute(
        self, definition: AgentDefinition, call: Call, facts: BlockFacts, decision: Decision
    ) -> BlockReport:
        grant = tuple(spec for spec in definition.reads() if spec.name in facts.tools)
        running: asyncio.Task[BlockReport] = asyncio.create_task(
            workflow.execute_activity(
                names.ACTIVITY_RUN_BLOCK,
                BlockRun(call=call, decision=decision, grant=grant, settings=definition.blocks),
                result_type=BlockReport,
                task_queue=names.CODE_QUEUE,
                summary=f"Run code that may call {', '.join(facts.tools) or 'no tool'}",
                **timeouts.run_block(definition.blocks),
            )
        )
        self._running.append(running)
        try:
            with self._status.running("block"):
                return await running
        except ActivityError as error:
            return BlockReport(kind="failed", error=f"The block could not be run: {error.cause or error}")
        finally:
            self._running.remove(running)
