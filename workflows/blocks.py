"""The block lane: code is approved as a unit and runs in a sandbox; each side effect that it calls is asked for apart.

An approval of a block covers the code and the reads that were found in it; it never covers a side effect. At such a
call the block is suspended: nothing of it is left running. Its calls are settled like any others, and the block is run
again with the journal of what it was answered.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from seconder import names
from seconder.contracts.approvals import NoticeUpdate
from seconder.contracts.blocks import BlockFacts, BlockOrigin, BlockReport, BlockRun, PendingCall, SettledCall
from seconder.contracts.calls import Call, Decision
from seconder.contracts.definitions import AgentDefinition
from workflows import outcomes, timeouts
from workflows.block_reports import doubts_about_calls, doubts_about_files
from workflows.errands import Errands
from workflows.gate import Gate, OpenRequest
from workflows.record import SessionRecord
from workflows.results import read_result
from workflows.side_effects import SideEffects
from workflows.status import Status

_STOPPED: Final = "The session was stopped while the block waited."


@dataclass(frozen=True)
class BlockEnd:
    """What the model is told of a block, and what the block means to be the session's output, if it finished it."""

    told: dict[str, JsonValue]
    finished: bool = False
    output: JsonValue = None


class Blocks:
    """Runs the code blocks of one session."""

    def __init__(
        self, gate: Gate, side_effects: SideEffects, record: SessionRecord, errands: Errands, status: Status
    ) -> None:
        self._gate = gate
        self._side_effects = side_effects
        self._record = record
        self._errands = errands
        self._status = status
        self._running: list[asyncio.Task[RawValue]] = []

    async def run(self, definition: AgentDefinition, call: Call, facts: BlockFacts) -> BlockEnd:
        """Ask where a person must, run, settle what the code calls, resume, until the block ends."""
        decision, entry = await self._decide(definition, call, facts)
        self._record.decided(call, decision)
        if not decision.allows or self._status.stopping:
            self._record.block_settled(call, decision, None)
            return BlockEnd(outcomes.told_of_decision(decision))
        run = BlockRun(
            call=call,
            decision=decision,
            grant=tuple(spec for spec in definition.tools if spec.name in facts.tools),
            settings=definition.blocks,
            workspace=self._record.workspace,
        )
        settled: list[SettledCall] = []
        entries: list[OpenRequest] = []
        suspensions = 0
        report = await self._execute(run)
        while report.kind == "suspended":
            suspensions += 1
            doubts = _STOPPED if self._status.stopping else doubts_about_calls(run, report, settled, suspensions)
            if doubts:
                report = report.model_copy(update={"kind": "failed", "error": doubts})
                break
            self._record.block_suspended(call, report)
            opened, newly = await self._settle(definition, run, report, facts.purpose)
            entries += opened
            settled += newly
            run = run.model_copy(update={"journal": report.journal, "settled": newly})
            report = await self._execute(run)
        report = self._with_files_kept(run, report)
        self._record.block_ran(call, report)
        self._record.block_settled(call, decision, report)
        self._tell_people(entry, entries, report)
        finished = report.finished and report.kind == "completed"
        return BlockEnd(outcomes.told_of_block(report, settled), finished, report.result)

    def cancel(self) -> None:
        """Stop every block that runs; its sandbox is killed."""
        for task in self._running:
            task.cancel()

    async def _decide(
        self, definition: AgentDefinition, call: Call, facts: BlockFacts
    ) -> tuple[Decision, OpenRequest | None]:
        if definition.blocks.automatic and facts.harmless:
            reason = "The agent lets blocks run that name only unrestricted reads."
            return Decision(digest=call.digest, kind="automatic", reason=reason, at=workflow.now()), None
        [entry] = self._gate.ask(definition, [call], block=facts)
        decision = await self._gate.decision_of(entry, call)
        await self._gate.until_ended(entry)
        return decision, entry

    def _with_files_kept(self, run: BlockRun, report: BlockReport) -> BlockReport:
        """The report; of a block whose files do not fit beside those of blocks that ran meanwhile, as a failure."""
        if report.kind != "completed" or report.workspace is None:
            return report
        if strange := doubts_about_files(run, report.workspace):
            return report.model_copy(update={"kind": "failed", "error": strange})
        limit = self._record.keep_files(report.workspace, run.settings)
        if not limit:
            return report
        error = f"LimitExceeded: the session's files would go beyond the limit {limit}; none of the block's was kept"
        return report.model_copy(update={"kind": "failed", "error": error})

    async def _settle(
        self, definition: AgentDefinition, run: BlockRun, report: BlockReport, purpose: str
    ) -> tuple[list[OpenRequest], tuple[SettledCall, ...]]:
        """Have all calls decided that a block waits for, and run those that are approved."""
        calls = {pending.number: _call_of(run, pending) for pending in report.pending}
        for call in calls.values():
            self._record.called(call)
        origin = BlockOrigin(call_id=run.call.call_id, purpose=purpose)
        settlements, entries = await self._side_effects.settle(definition, list(calls.values()), origin=origin)
        settled = tuple(
            SettledCall(number=number, call=call, settlement=settlements[call.call_id])
            for number, call in calls.items()
        )
        return entries, settled

    async def _execute(self, run: BlockRun) -> BlockReport:
        if self._status.stopping:
            return BlockReport(kind="failed", error=_STOPPED)
        tools = ", ".join(spec.name for spec in run.grant)
        running: asyncio.Task[RawValue] = asyncio.create_task(
            workflow.execute_activity(
                names.ACTIVITY_RUN_BLOCK,
                run,
                result_type=RawValue,
                task_queue=names.CODE_QUEUE,
                summary=f"{'Resume' if run.journal else 'Run'} code that may call {tools or 'no tool'}",
                **timeouts.run_block(run.settings),
            )
        )
        self._running.append(running)
        try:
            with self._status.running("block"):
                return read_result(BlockReport, await running)
        except ActivityError as error:
            stopped = isinstance(error.cause, CancelledError)
            why = "The block was stopped with its session." if stopped else f"The block could not be run: {error.cause}"
            return BlockReport(kind="failed", error=why)
        except ApplicationError as error:
            return BlockReport(kind="failed", error=f"The block could not be run: {error.message}")
        except asyncio.CancelledError:
            # Cancelled before it was so much as scheduled.
            if not self._status.stopping:
                raise
            return BlockReport(kind="failed", error=_STOPPED)
        finally:
            self._running.remove(running)

    def _tell_people(self, asked: OpenRequest | None, entries: Sequence[OpenRequest], report: BlockReport) -> None:
        """Bring the block's own notice up to date; where a replay went astray, the approvers of its calls hear it."""
        told = [asked] if asked is not None else []
        ended = f"{report.kind}, calls: {len(report.calls)}, {report.wall_seconds:.1f} s"
        if report.error and report.kind == "failed":
            ended += f": {report.error.strip().splitlines()[-1][:300]}"
        if report.kind == "diverged":
            ended = f"diverged, and nothing more was run: {report.error}"
            told += entries
        for entry in told:
            if entry.notice is not None:
                self._errands.update_notice(
                    NoticeUpdate(
                        notice=entry.notice,
                        request=entry.request,
                        decisions=entry.in_order(),
                        reports=entry.reports,
                        block_ended=ended,
                    )
                )


def _call_of(run: BlockRun, pending: PendingCall) -> Call:
    spec = next(spec for spec in run.grant if spec.name == pending.tool)
    return Call(
        session_id=run.call.session_id,
        call_id=names.call_id_within(run.call.call_id, pending.number),
        agent=run.call.agent,
        agent_version=run.call.agent_version,
        tool=spec.name,
        tool_version=spec.version,
        arguments=pending.arguments,
        effect=spec.effect,
    )
