"""The gate of a session: it opens requests for approval and hands each decision to the call that waits for it.

A decision comes by the return of the child workflow `Approval`, or, while other calls of the same request still wait,
ahead of it by the signal `decided`. Whatever else ends an `Approval` (terminated, failed) means no.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import FailureError
from temporalio.workflow import ParentClosePolicy

from seconder import markdown, names
from seconder.contracts.approvals import CALLS_PER_REQUEST, ApprovalRequest, ApprovalResult, Notice, NoticeUpdate
from seconder.contracts.blocks import BlockFacts, BlockOrigin
from seconder.contracts.calls import Call, Decision, ToolReport
from seconder.contracts.definitions import AgentDefinition
from seconder.contracts.session import CancelCall, SessionRequest, Waiting
from workflows import presentation
from workflows.errands import Errands
from workflows.results import read_result


@dataclass(eq=False)
class OpenRequest:
    """One request and what has come back of it."""

    request: ApprovalRequest
    decisions: dict[str, Decision] = field(default_factory=dict)
    reports: dict[str, ToolReport] = field(default_factory=dict)
    """What came out of the calls that ran, as a notice shows it."""
    notice: Notice | None = None
    ended: bool = False
    child: asyncio.Task[None] | None = None

    def is_backed(self, decision: Decision) -> bool:
        """Whether somebody who may approve this call did."""
        return any(
            review.verdict == "approve"
            and review.request_id == self.request.request_id
            and decision.digest in review.digests
            and review.reviewer.user_id in self.request.reviewers
            for review in decision.reviews
        )

    def in_order(self) -> tuple[Decision, ...]:
        """The decisions, in the order of the calls."""
        return tuple(self.decisions[call.digest] for call in self.request.calls)

    def decide(self, decision: Decision) -> None:
        """Keep the first decision of a call that is part of this request."""
        if self.request.call(decision.digest) is not None:
            self.decisions.setdefault(decision.digest, decision)


class Gate:
    """Everything that one session has asked people."""

    def __init__(
        self,
        session_id: str,
        session: SessionRequest,
        next_number: Callable[[], int],
        errands: Errands,
        on_change: Callable[[], None],
    ) -> None:
        self._session_id = session_id
        self._session = session
        self._next_number = next_number
        self._errands = errands
        self._on_change = on_change
        self._open: list[OpenRequest] = []

    def ask(
        self,
        definition: AgentDefinition,
        calls: Sequence[Call],
        *,
        block: BlockFacts | None = None,
        origin: BlockOrigin | None = None,
    ) -> list[OpenRequest]:
        """Open requests for calls that became pending together, as few as their size permits."""
        opened = []
        for start in range(0, len(calls), CALLS_PER_REQUEST):
            now = workflow.now()
            request = ApprovalRequest(
                request_id=names.approval_workflow_id(self._session_id, self._next_number()),
                session_id=self._session_id,
                agent=definition.name,
                agent_version=definition.version,
                requester=self._session.requester,
                task=markdown.one_line(self._session.task, 500),
                calls=tuple(calls[start : start + CALLS_PER_REQUEST]),
                block=block,
                origin=origin,
                reviewers=definition.policy.reviewers,
                created_at=now,
                expires_at=now + timedelta(seconds=definition.policy.expires_after_seconds),
            )
            entry = OpenRequest(request)
            entry.child = asyncio.create_task(self._run_approval(entry))
            self._open.append(entry)
            opened.append(entry)
        self._on_change()
        return opened

    async def decision_of(self, entry: OpenRequest, call: Call) -> Decision:
        """Wait for the decision of one call; no decision is a no."""
        digest = call.digest
        await workflow.wait_condition(lambda: digest in entry.decisions or entry.ended)
        if digest not in entry.decisions:
            reason = "The approval ended without a decision."
            entry.decide(Decision(digest=digest, kind="cancelled", reason=reason, at=workflow.now()))
        return entry.decisions[digest]

    async def until_ended(self, entry: OpenRequest) -> None:
        """Wait until the `Approval` itself has ended, after which it no longer touches the notice."""
        await workflow.wait_condition(lambda: entry.ended)

    def decided(self, decision: Decision) -> None:
        """Take an early decision, sent ahead by an `Approval` of which other calls still wait.

        Anyone can send a signal: a yes without the yes of a reviewer is none.
        """
        for entry in self._open:
            if not decision.allows or entry.is_backed(decision):
                entry.decide(decision)
        self._on_change()

    async def cancel_call(self, cancel: CancelCall) -> None:
        """Pass a call's cancellation on to the `Approval` that it waits in."""
        for entry in self._open:
            if any(call.call_id == cancel.call_id for call in entry.request.calls):
                approval = workflow.get_external_workflow_handle(entry.request.request_id)
                try:
                    await approval.signal(names.SIGNAL_CANCEL_CALL, cancel)
                except FailureError as error:
                    workflow.logger.warning("gate.approval_gone", extra={"cause": str(error)})

    def cancel_all(self) -> None:
        """Take back every open request; each `Approval` then tells people and returns *cancelled*."""
        for entry in self._open:
            if entry.child is not None:
                entry.child.cancel()

    def waiting(self) -> tuple[Waiting, ...]:
        """The requests that still wait for people."""
        found = []
        for entry in self._open:
            pending = [call for call in entry.request.calls if call.digest not in entry.decisions]
            if pending:
                found.append(
                    Waiting(
                        request_id=entry.request.request_id,
                        tools=tuple(dict.fromkeys(call.tool for call in pending)),
                        call_ids=tuple(call.call_id for call in pending),
                        reviewers=entry.request.reviewers,
                        since=entry.request.created_at,
                        expires_at=entry.request.expires_at,
                    )
                )
        return tuple(found)

    async def _run_approval(self, entry: OpenRequest) -> None:
        request = entry.request
        try:
            ended: RawValue = await workflow.execute_child_workflow(
                names.APPROVAL,
                request,
                id=request.request_id,
                result_type=RawValue,
                # A session that is terminated must not leave live buttons behind.
                parent_close_policy=ParentClosePolicy.REQUEST_CANCEL,
                search_attributes=_search_attributes(request),
                static_summary=presentation.request_summary(request),
                static_details=presentation.request_details(request),
            )
            result = read_result(ApprovalResult, ended)
            entry.notice = result.notice
            for decision in result.decisions:
                entry.decide(decision)
            if result.notice is not None and not result.notice_is_current:
                self._errands.update_notice(
                    NoticeUpdate(notice=result.notice, request=request, decisions=result.decisions)
                )
        except FailureError as error:
            workflow.logger.error("gate.approval_failed", extra={"cause": str(error.cause or error)})
        finally:
            entry.ended = True
            self._open.remove(entry)
            self._on_change()


def _search_attributes(request: ApprovalRequest) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(SearchAttributeKey.for_keyword(names.SEARCH_AGENT), request.agent),
            SearchAttributePair(SearchAttributeKey.for_keyword(names.SEARCH_STATE), "waiting_for_approval"),
            SearchAttributePair(SearchAttributeKey.for_keyword(names.SEARCH_REQUESTER), request.requester),
            SearchAttributePair(SearchAttributeKey.for_keyword_list(names.SEARCH_TOOL), list(request.tools())),
        ]
    )
