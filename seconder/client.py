"""What callers do with sessions: start, list, show, send, cancel, wait, and see what waits for people.

It speaks to Temporal alone, through the names in `seconder.names`; any Temporal client in any language can do the same.
"""

import difflib
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from seconder import names, starting
from seconder.connection import temporal_call
from seconder.contracts.base import iso
from seconder.contracts.session import Entry, Message, SessionRequest, SessionResult, SessionState, SessionStatus
from seconder.contracts.workspaces import WorkspaceFile
from seconder.errors import ConfigurationError, ContractError, NotFoundError, SeconderError, ServiceError
from seconder.observing import (
    Unanswered,
    all_open_requests,
    failure_sentence,
    first_input,
    query,
    summary_of,
)
from seconder.views import OpenRequest, SessionHandle, SessionSummary, SessionView

_SESSIONS_COMPARED: Final = 500


class SessionFailedError(SeconderError):
    """A session ended without a result: it failed, or somebody cancelled or terminated it."""


class SeconderClient:
    """Sessions, through a Temporal client from `seconder.connection.connect`.

    Give `connect` the `storage` of the processes: a large result is kept there, and cannot be read without it.

    A session is named by its id; where people paste the workflow id from the Temporal UI, that is understood too.
    Every method raises `ServiceError` when Temporal cannot be used.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, request: SessionRequest, session_id: str | None = None) -> SessionHandle:
        """Start a session; a worker need not run yet.

        Raises:
            ConfigurationError: the request or the id cannot be used, or there has been a session of that id.
        """
        starting.refuse_too_long(request.task, "task")
        session_id = starting.checked_session_id(session_id, request.agent)
        workflow_id = names.session_workflow_id(session_id)
        try:
            with temporal_call("start the session"):
                handle = await self._client.start_workflow(
                    names.AGENT_SESSION,
                    request,
                    id=workflow_id,
                    task_queue=names.ENGINE_QUEUE,
                    # Approvals are bound to the id: it must never mean a second session.
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    memo={starting.MEMO_TASK: starting.headline(request.task)},
                    search_attributes=starting.search_attributes(request),
                    static_summary=starting.static_summary(request),
                    static_details=starting.static_details(request),
                )
        except WorkflowAlreadyStartedError as error:
            raise ConfigurationError(f"There is a session {session_id} already; choose another id.") from error
        return SessionHandle(session_id=session_id, workflow_id=workflow_id, run_id=handle.first_execution_run_id or "")

    async def list(
        self,
        *,
        agent: str | None = None,
        requester: str | None = None,
        state: SessionStatus | None = None,
        limit: int = 50,
    ) -> Sequence[SessionSummary]:
        """Sessions that match all that is given, the newest first."""
        wanted = {names.SEARCH_AGENT: agent, names.SEARCH_REQUESTER: requester, names.SEARCH_STATE: state}
        conditions = [f"WorkflowType = '{names.AGENT_SESSION}'", "ExecutionStatus != 'ContinuedAsNew'"]
        conditions += [f"{name} = '{_quotable(value)}'" for name, value in wanted.items() if value is not None]
        with temporal_call("list sessions"):
            return [
                await summary_of(execution)
                async for execution in self._client.list_workflows(" AND ".join(conditions), limit=limit)
            ]

    async def show(self, session: str) -> SessionView:
        """Everything about one session; without a worker, what Temporal knows, and a sentence on what is missing.

        Raises:
            NotFoundError: there is no such session; the message names close ones.
        """
        summary = await self._find(session)
        handle = self._handle(summary)
        view = SessionView(summary=summary, request=await first_input(self._client, handle, SessionRequest))
        if summary.execution != "running":
            view = view.model_copy(update=await self._ending(summary))
        try:
            state = await query(handle, names.QUERY_STATE, SessionState)
            transcript = await query(handle, names.QUERY_TRANSCRIPT, list[Entry])
        except Unanswered as error:
            return view.model_copy(update={"unanswered": str(error)})
        return view.model_copy(update={"state": state, "transcript": tuple(transcript)})

    async def files(self, session: str) -> dict[str, WorkspaceFile]:
        """What a session's blocks keep in `/workspace`: paths, with the digests under which the store has them.

        Raises:
            NotFoundError: there is no such session.
            ServiceError: no worker answered.
        """
        handle = self._handle(await self._find(session))
        try:
            return await query(handle, names.QUERY_FILES, dict[str, WorkspaceFile])
        except Unanswered as error:
            raise ServiceError(f"The files of {session} are not known: {error}") from error

    async def approvals(self) -> Sequence[OpenRequest]:
        """The requests that wait for people, the longest waiting first."""
        return await all_open_requests(self._client)

    async def send(self, session: str, text: str, sender: str = "") -> None:
        """Send text for the model's next turn.

        Raises:
            ConfigurationError: the text is empty or too long.
            NotFoundError: there is no such session, or it has ended.
        """
        if not text.strip():
            raise ConfigurationError("The message is empty.")
        starting.refuse_too_long(text, "message")
        handle = self._handle(await self._find_running(session))
        with temporal_call(f"reach session {session}; it may just have ended"):
            await handle.signal(names.SIGNAL_MESSAGE, Message(text=text, sender=sender))

    async def cancel(self, session: str) -> None:
        """Ask a session to stop: what waits is taken back, what already runs is seen to its end.

        Raises:
            NotFoundError: there is no such session, or it has ended.
        """
        handle = self._handle(await self._find_running(session))
        with temporal_call(f"cancel session {session}"):
            await handle.cancel()

    async def wait(self, session: str) -> SessionResult:
        """Wait until a session ends, however long that takes.

        Raises:
            NotFoundError: there is no such session.
            SessionFailedError: it ended without a result; the message says how.
        """
        summary = await self._find(session)
        try:
            return await self._result(summary)
        except WorkflowFailureError as error:
            raise SessionFailedError(f"Session {summary.session_id} {failure_sentence(error.cause)}") from error

    async def _ending(self, summary: SessionSummary) -> dict[str, Any]:
        try:
            return {"result": await self._result(summary)}
        except WorkflowFailureError as error:
            return {"failure": f"It {failure_sentence(error.cause)}"}

    async def _result(self, summary: SessionSummary) -> SessionResult:
        handle = self._client.get_workflow_handle(summary.workflow_id, result_type=SessionResult)
        with temporal_call(f"say how session {summary.session_id} ended; it goes on without us"):
            try:
                result: SessionResult = await handle.result()
            except ValidationError as error:
                raise ContractError(f"Session {summary.session_id} ended with something that is no result.") from error
        return result

    async def _find(self, session: str) -> SessionSummary:
        candidates = [names.session_workflow_id(session)]
        if names.session_id_of(session):
            candidates.append(session)
        for workflow_id in candidates:
            try:
                with temporal_call("find the session"):
                    found = await self._client.get_workflow_handle(workflow_id).describe()
            except NotFoundError:
                continue
            if found.workflow_type == names.AGENT_SESSION:
                return await summary_of(found)
        raise NotFoundError(await self._nothing_named(session))

    async def _find_running(self, session: str) -> SessionSummary:
        summary = await self._find(session)
        if summary.execution == "running":
            return summary
        when = f" at {iso(summary.ended_at)}" if summary.ended_at else ""
        raise NotFoundError(f"Session {summary.session_id} has ended ({summary.execution}{when}). Start a new one.")

    async def _nothing_named(self, session: str) -> str:
        known = [summary.session_id for summary in await self.list(limit=_SESSIONS_COMPARED)]
        close = [name for name in known if session and name.startswith(session)] or difflib.get_close_matches(
            session, known, n=3
        )
        hint = f"Did you mean {' or '.join(close[:3])}?" if close else "`seconder list` names those that there are."
        return f"There is no session {session!r}. {hint}"

    # Without a run id: a session that has just continued as new is still the same session.
    def _handle(self, summary: SessionSummary) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(summary.workflow_id)


def _quotable(value: str) -> str:
    if any(character in "'\"\\" or not character.isprintable() for character in value):
        raise ConfigurationError(f"{value!r} cannot be searched for: leave out quotes and backslashes.")
    return value
