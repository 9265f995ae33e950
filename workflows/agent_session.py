"""`AgentSession`: an agent's session as a durable workflow.

This file is the session's outside: its input, signals and queries, and the ways in which it ends. The loop of turns is
in `turns`, the gate to people in `gate`, the two lanes in `blocks` and `side_effects`.
"""

import asyncio
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from seconder import names
from seconder.contracts.calls import Decision
from seconder.contracts.definitions import SessionLimits
from seconder.contracts.session import (
    CancelCall,
    Entry,
    Message,
    SessionCarry,
    SessionRequest,
    SessionResult,
    SessionState,
    SessionStatus,
    Usage,
)
from seconder.contracts.workspaces import WorkspaceFile
from workflows import engine, presentation
from workflows.blocks import Blocks
from workflows.errands import Errands
from workflows.gate import Gate
from workflows.record import SessionRecord
from workflows.side_effects import SideEffects
from workflows.status import Status
from workflows.turns import ContinueAsNew, Turns

_AGENT = SearchAttributeKey.for_keyword(names.SEARCH_AGENT)
_STATE = SearchAttributeKey.for_keyword(names.SEARCH_STATE)
_REQUESTER = SearchAttributeKey.for_keyword(names.SEARCH_REQUESTER)


@workflow.defn(name=names.AGENT_SESSION)
class AgentSession:
    """One session of one agent; its input is a `SessionRequest`, its output a `SessionResult`."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._request: SessionRequest | None = None
        self._record: SessionRecord | None = None
        self._gate: Gate | None = None
        self._deadline = workflow.info().start_time
        self._errands = Errands()
        self._shown: SessionStatus | None = None
        self._status = Status(self._show)

    @workflow.run
    async def run(self, request: Any = None, carried: Any = None, *more: Any) -> SessionResult:  # noqa: ANN401
        """Run the session to its end.

        All arguments are taken as they come and checked here: bad ones end the session with a sentence on what is
        wrong, where an error in decoding or binding them would leave it stuck for ever. That is also why no signal
        minds an argument more.
        """
        try:
            engine.no_more_arguments(more)
            turns, limits = await self._open(request, carried)
            result = await self._within_time(turns, limits)
        except asyncio.CancelledError:
            self._status.set("cancelled")
            raise
        except ApplicationError:
            self._status.set("failed")
            raise
        except ContinueAsNew:
            # First of all: a message that arrives while this waits has to be carried along.
            await self._tidy()
            if self._record is not None:
                workflow.continue_as_new(args=[request, self._record.carry(self._messages)])
            raise
        finally:
            await self._tidy()
        self._status.set(result.status)
        return result

    @workflow.signal(name=names.SIGNAL_MESSAGE)
    def message(self, raw: Any = None, *_: Any) -> None:  # noqa: ANN401 - anyone may send anything
        """Take a message for the model's next turn."""
        try:
            message = Message.model_validate(raw)
            engine.too_long(message.text, "message")
        except ValidationError as error:
            # Not in its words: they repeat what was sent, which is for the session and not for a log.
            workflow.logger.warning("session.message_malformed", extra={"errors": error.error_count()})
            return
        except ApplicationError as error:
            workflow.logger.warning("session.message_refused", extra={"cause": error.message})
            return
        self._messages.append(message)

    @workflow.signal(name=names.SIGNAL_CANCEL_CALL)
    async def cancel_call(self, raw: Any = None, *_: Any) -> None:  # noqa: ANN401 - anyone may send anything
        """Take back one call that waits for its approval."""
        try:
            cancel = CancelCall.model_validate(raw)
        except ValidationError:
            workflow.logger.warning("session.cancel_malformed")
            return
        if self._gate is not None:
            await self._gate.cancel_call(cancel)

    @workflow.signal(name=names.SIGNAL_DECIDED)
    def decided(self, raw: Any = None, *_: Any) -> None:  # noqa: ANN401 - anyone may send anything
        """Take a decision that an `Approval` sends ahead."""
        try:
            decision = Decision.model_validate(raw)
        except ValidationError:
            workflow.logger.warning("session.decision_malformed")
            return
        if self._gate is not None:
            self._gate.decided(decision)

    @workflow.query(name=names.QUERY_STATE)
    def state(self) -> SessionState:
        """Where the session stands and what it waits for."""
        record, request = self._record, self._request
        return SessionState(
            session_id=workflow.info().workflow_id.removeprefix(names.SESSION_PREFIX),
            agent=request.agent if request else "",
            agent_version=record.definition.version if record else "",
            requester=request.requester if request else "",
            task=request.task if request else "",
            status=self._status.current,
            turn=record.turn if record else 0,
            usage=record.usage if record else Usage(),
            waiting=self._gate.waiting() if self._gate else (),
            receipts=tuple(record.receipts) if record else (),
            started_at=record.started_at if record else workflow.info().start_time,
            deadline=self._deadline,
        )

    @workflow.query(name=names.QUERY_FILES)
    def files(self) -> dict[str, WorkspaceFile]:
        """What its blocks keep in `/workspace`, by path."""
        return dict(self._record.workspace) if self._record else {}

    @workflow.query(name=names.QUERY_TRANSCRIPT)
    def transcript(self) -> list[Entry]:
        """What happened, in order."""
        return list(self._record.transcript) if self._record else []

    async def _open(self, raw: Any, carried_raw: Any) -> tuple[Turns, SessionLimits]:  # noqa: ANN401
        session_id = engine.session_id()
        request = self._request = engine.checked_request(raw)
        carried = engine.checked_carry(carried_raw)
        workflow.upsert_search_attributes([_AGENT.value_set(request.agent), _REQUESTER.value_set(request.requester)])
        self._status.set("starting")
        if carried is None:
            carried = SessionCarry(definition=await engine.load_agent(request), started_at=workflow.now())
        self._messages[:0] = carried.messages
        record = self._record = SessionRecord(carried)
        if not record.transcript:
            record.said_by_user("task", request.task, request.requester)
        limits = request.limits or record.definition.limits
        self._deadline = record.started_at + timedelta(seconds=limits.wall_clock_seconds)
        gate = self._gate = Gate(session_id, request, record.next_request, self._errands, self._status.refresh)
        self._status.people_are_asked = lambda: bool(gate.waiting())
        side_effects = SideEffects(gate, record, self._errands, self._status)
        turns = Turns(
            request=request,
            limits=limits,
            record=record,
            side_effects=side_effects,
            blocks=Blocks(gate, side_effects, record, self._errands, self._status),
            status=self._status,
            errands=self._errands,
            messages=self._messages,
        )
        return turns, limits

    async def _within_time(self, turns: Turns, limits: SessionLimits) -> SessionResult:
        """Take turns until there is a result, the time is up, or somebody cancels the session."""
        work = asyncio.create_task(turns.run())
        left = max((self._deadline - workflow.now()).total_seconds(), 1.0)
        try:
            await workflow.wait_condition(work.done, timeout=left, timeout_summary="Wall-clock limit of the session")
        except TimeoutError:
            await self._stop(turns, work)
            return turns.limit_result(f"wall_clock_seconds: longer than {limits.wall_clock_seconds:g} s")
        except asyncio.CancelledError:
            await self._stop(turns, work)
            raise
        return work.result()

    async def _tidy(self) -> None:
        """Wait for what still runs beside the turns: notices that are brought up to date, signals being handled."""
        try:
            await self._errands.finish()
            await workflow.wait_condition(workflow.all_handlers_finished)
        except asyncio.CancelledError:
            # The session has its end already; a late cancellation must not take its result away.
            workflow.logger.info("session.cancelled_after_its_end")

    async def _stop(self, turns: Turns, work: asyncio.Task[SessionResult]) -> None:
        """Begin nothing more, take back what waits, and see to its end what already runs."""
        self._status.stopping = True
        work.cancel()
        if self._gate is not None:
            self._gate.cancel_all()
        await turns.stop()
        await workflow.wait([work])
        if not work.cancelled() and (error := work.exception()):
            workflow.logger.info("session.stopped", extra={"cause": str(error)})

    def _show(self, status: SessionStatus) -> None:
        if status != self._shown:
            self._shown = status
            workflow.upsert_search_attributes([_STATE.value_set(status)])
        workflow.set_current_details(presentation.session_details(self.state()))
