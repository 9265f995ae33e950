"""A gateway at work: a local Slack, requests stored in a real Temporal, and the unmodified SDK between them."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.notices import Notices
from approvals.gateway import Gateway
from approvals.http import PATH, serve_http
from approvals.identity import app_id_of
from approvals.pointers import Pointer
from approvals.requests import Requests
from approvals.socket_mode import serve_socket_mode
from seconder import names
from seconder.contracts.approvals import ApprovalRequest, ApprovalResult, ApprovalState
from seconder.contracts.calls import Call, Review
from seconder.effects import Effect
from seconder.names import ACTION_APPROVE, ACTION_DENY
from seconder.testing.slack import Delivery, LocalChannel, LocalSlack, LocalUser, Message, View
from workflows.approval import Approval

RITA = LocalUser("U0RITA", "rita")
ANNA = LocalUser("U0ANNA", "anna")
ALAN = LocalUser("U0ALAN", "alan")
OTTO = LocalUser("U0OTTO", "otto")
"""He reads along and may decide nothing."""
CHANNEL = LocalChannel("C0APPROVALS", "approvals")


@dataclass
class Case:
    """One request, stored and posted."""

    request: ApprovalRequest
    message: Message
    handle: WorkflowHandle[Any, Any]

    def pointer(self, call: int = 0) -> str:
        return str(Pointer(self.request.request_id, self.request.calls[call].digest))


@dataclass
class Desk:
    """What is up; `reviewers` are Anna and Alan."""

    client: Client
    slack: LocalSlack
    web: AsyncWebClient
    notices: Notices
    http_url: str = ""
    queue: str = field(default_factory=lambda: f"desk-{secrets.token_hex(4)}")

    async def request(self, *, calls: int = 1, open_for: timedelta = timedelta(hours=1), **arguments: Any) -> Case:
        """Store a request and post its notice; no worker is there to take it."""
        session_id = secrets.token_hex(4)
        now = datetime.now(UTC)
        request = ApprovalRequest(
            request_id=names.approval_workflow_id(session_id, 1),
            session_id=session_id,
            agent="clerk",
            agent_version="1",
            requester=RITA.id,
            task="Refund it.",
            calls=tuple(
                Call(
                    session_id=session_id,
                    call_id=f"{session_id}-c{number}",
                    agent="clerk",
                    agent_version="1",
                    tool="issue_refund",
                    tool_version="1",
                    arguments={"order": number, **arguments},
                    effect=Effect.SPEND,
                )
                for number in range(calls)
            ),
            reviewers=(ANNA.id, ALAN.id),
            created_at=now,
            expires_at=now + open_for,
        )
        handle = await self.client.start_workflow(
            names.APPROVAL, request, id=request.request_id, task_queue=self.queue, result_type=ApprovalResult
        )
        notice = await self.notices.post_notice(request)
        return Case(request, self.slack.message(CHANNEL.id, notice.ts), handle)

    async def click(self, case: Case, user: LocalUser, action_id: str = ACTION_APPROVE, *, call: int = 0) -> Delivery:
        """Click a button of a call; calls count from 0."""
        return await self.slack.click(
            user.id, message_ts=case.message.ts, action_id=action_id, block_id=f"seconder.actions.{call + 1}"
        )

    async def denial(self, case: Case, user: LocalUser) -> View:
        """Click Deny, and the modal that opens."""
        await self.click(case, user, ACTION_DENY)
        return await self.slack.wait_for_view(user.id)

    async def reviews(self, case: Case) -> list[Review]:
        """The reviews that stand in the history of a request."""
        found = []
        async for event in case.handle.fetch_history_events():
            signalled = event.workflow_execution_signaled_event_attributes
            if signalled.signal_name == names.SIGNAL_REVIEW:
                found += await self.client.data_converter.decode(signalled.input.payloads, [Review])
        return found

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run the real workflow and the real notices while the context is open."""
        async with Worker(
            self.client,
            task_queue=self.queue,
            workflows=[Approval],
            activities=[self.notices.post_notice, self.notices.update_notice, self.notices.answer_reviewer],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=0,
        ):
            yield

    async def posted(self, case: Case) -> None:
        """Wait until the workflow knows its own notice."""
        while (await case.handle.query(names.QUERY_STATE, result_type=ApprovalState)).notice is None:
            pass

    def told(self, user: LocalUser) -> list[str]:
        """What only this person was told so far."""
        return [message.text for message in self.slack.ephemerals(user.id)]


@asynccontextmanager
async def open_desk(client: Client, transport: Literal["socket", "http"] = "socket") -> AsyncIterator[Desk]:
    """Everything but workers, on a Temporal server that runs."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(users=[RITA, ANNA, ALAN, OTTO], channels=[CHANNEL]))
        web = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        desk = Desk(client, slack, web, Notices(web, CHANNEL.id))
        gateway = Gateway(Requests(client), web, await app_id_of(web))
        if transport == "socket":
            await stack.enter_async_context(serve_socket_mode(gateway, web, slack.app_token, ping_seconds=0.2))
            await slack.wait_until(lambda: slack.connections, what="the gateway's connection")
        else:
            desk.http_url = await stack.enter_async_context(
                serve_http(gateway, slack.signing_secret, host="127.0.0.1", port=0)
            )
            slack.request_url = desk.http_url + PATH
        yield desk


class Cable:
    """A TCP connection to a server, which can be cut, held still and mended; an async context manager."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Cable":
        await self.mend()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.cut()

    async def cut(self) -> None:
        """Nobody listens any more, and every connection ends."""
        if self._server is not None:
            self._server.close()
        self._server = None
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Connections stay up and nothing gets through."""
        self._flowing.clear()

    async def mend(self) -> None:
        """Everything gets through again."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there, back = await asyncio.open_connection(self._host, self._port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, back))
                both.create_task(self._pump(there, writer))
        finally:
            for end in (writer, back):
                end.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(65536):
                await self._flowing.wait()
                sink.write(chunk)
                await sink.drain()
