"""The side-effect lane: each call is asked for on its own, and runs as an activity of its own once it is allowed."""

import asyncio
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

from seconder.contracts.approvals import NoticeUpdate
from seconder.contracts.blocks import BlockOrigin
from seconder.contracts.calls import ApprovedCall, Call, Decision, Failed, Settlement, ToolReport, Unknown
from seconder.contracts.definitions import AgentDefinition
from seconder.errors import ContractError
from workflows import outcomes, presentation, timeouts
from workflows.errands import Errands
from workflows.gate import Gate, OpenRequest
from workflows.record import SessionRecord
from workflows.results import read_result
from workflows.status import Status


class SideEffects:
    """Runs the side-effecting calls of one session, whether the model made them or a block did."""

    def __init__(self, gate: Gate, record: SessionRecord, errands: Errands, status: Status) -> None:
        self._gate = gate
        self._record = record
        self._errands = errands
        self._status = status

    async def settle(
        self, definition: AgentDefinition, calls: Sequence[Call], *, origin: BlockOrigin | None = None
    ) -> tuple[dict[str, Settlement], list[OpenRequest]]:
        """Ask for all and run each as soon as it is approved; gives what became of them by call id, and the requests.

        `origin` is the block that waits for them, when it is not the model itself.
        """
        settled: dict[str, Settlement] = {}
        entries = self._gate.ask(definition, calls, origin=origin)
        flows = [asyncio.create_task(self._settle_request(definition, entry, settled)) for entry in entries]
        await workflow.wait(flows)
        for flow in flows:
            flow.result()
        return settled, entries

    async def _settle_request(
        self, definition: AgentDefinition, entry: OpenRequest, settled: dict[str, Settlement]
    ) -> None:
        reports: dict[str, ToolReport] = {}

        async def settle(call: Call) -> None:
            decision = await self._gate.decision_of(entry, call)
            settlement = settled[call.call_id] = await self._act_on(definition, call, decision)
            if settlement.report is not None:
                reports[call.digest] = settlement.report

        settling = [asyncio.create_task(settle(call)) for call in entry.request.calls]
        await workflow.wait(settling)
        for task in settling:
            task.result()
        await self._gate.until_ended(entry)
        if entry.notice is not None and reports:
            shown = {digest: outcomes.for_notice(report) for digest, report in reports.items()}
            entry.reports.update(shown)
            self._errands.update_notice(
                NoticeUpdate(
                    notice=entry.notice, request=entry.request, decisions=entry.in_order(), reports=entry.reports
                )
            )

    async def _act_on(self, definition: AgentDefinition, call: Call, decision: Decision) -> Settlement:
        if decision.allows and self._status.stopping:
            decision = Decision(
                digest=decision.digest,
                kind="cancelled",
                reason="The session was stopped before the approved call ran.",
                reviews=decision.reviews,
                at=workflow.now(),
            )
        self._record.decided(call, decision)
        if not decision.allows:
            settlement = Settlement(decision=decision, at=workflow.now())
            self._record.settled(call, settlement)
            return settlement
        report = await self._execute(definition, call, decision)
        self._record.ran(call, report)
        settlement = Settlement(decision=decision, report=report, at=workflow.now())
        self._record.settled(call, settlement)
        return settlement

    async def _execute(self, definition: AgentDefinition, call: Call, decision: Decision) -> ToolReport:
        spec = definition.tool(call.tool)
        if spec is None:  # check_calls lets no such call through
            raise ContractError(f"{call.tool} is not among the pinned tools of {definition.name}.")
        started_at = workflow.now()
        outcome: Failed | Unknown
        try:
            with self._status.running("tool"):
                result: RawValue = await workflow.execute_activity(
                    call.tool,
                    ApprovedCall(call=call, decision=decision),
                    result_type=RawValue,
                    task_queue=definition.tools_queue,
                    summary=presentation.call_summary(call),
                    **timeouts.tool(spec),
                )
            return read_result(ToolReport, result)
        except ActivityError as error:
            outcome, worker = outcomes.outcome_of_failure(error, spec.attempts), error.identity
        except ApplicationError as error:
            outcome, worker = Unknown(error=error.message), ""
        return ToolReport(outcome=outcome, attempt=0, worker=worker, started_at=started_at, finished_at=workflow.now())
