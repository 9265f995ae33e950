"""A stage: every part of Seconder for real, on loopback, and a hand for each of the people who act on it.

    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.approve()
    assert (await session.result()).output == "Done."
    assert (await session.history()).tools == {"pay": 1}

Only the model's words are written for the test. The parts may as well run elsewhere, as processes of their own.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from seconder import names
from seconder.artifacts import FolderStore
from seconder.connection import data_converter
from seconder.contracts.approvals import ApprovalRequest, ApprovalResult, ApprovalState
from seconder.contracts.session import Entry, SessionResult, SessionState
from seconder.testing import people
from seconder.testing.model import ModelRequest, Script, ScriptedModel
from seconder.testing.model.script import Turn
from seconder.testing.people import OpenCall
from seconder.testing.slack import LocalChannel, LocalSlack, LocalUser, Message
from tests.integration.evidence import History
from tests.integration.witness import Witness, witness
from workers.code import code
from workers.engine import engine
from workers.gateway import gateway
from workers.settings import Settings
from workers.tools import tools

Process = Literal["engine", "code", "tools", "gateway"]

ALL: Final[Collection[Process]] = ("engine", "code", "tools", "gateway")
CHANNEL: Final = LocalChannel("C0APPROVALS", "approvals")
RITA: Final = LocalUser("U0RITA", "rita", "Rita Requester")
ANNA: Final = LocalUser("U0ANNA", "anna", "Anna Approver")
ALAN: Final = LocalUser("U0ALAN", "alan", "Alan Approver")
OTTO: Final = LocalUser("U0OTTO", "otto", "Otto Onlooker")
APP: Final = ("tests.integration.clerk:agents", "examples.support_desk:agent")
REQUEST: Final = {"agent": "clerk", "task": "Do it.", "requester": RITA.id}
PATIENCE: Final = 60.0
"""Seconds that anything may take before a test gives up on it."""


@dataclass
class Session:
    """One session on a stage, and what people do about it."""

    stage: "Stage"
    session_id: str
    handle: WorkflowHandle[Any, SessionResult]

    async def result(self) -> SessionResult:
        """How it ended; raises `WorkflowFailureError` when it ended otherwise."""
        async with asyncio.timeout(self.stage.patience):
            return await self.handle.result()

    async def failure(self) -> ApplicationError:
        """The error with which it ended."""
        with pytest.raises(WorkflowFailureError) as raised:
            await self.result()
        cause = raised.value.cause
        assert isinstance(cause, ApplicationError), cause
        return cause

    async def state(self) -> SessionState:
        """The answer to its query `state`."""
        answer: SessionState = await self.handle.query(names.QUERY_STATE, result_type=SessionState)
        return answer

    async def transcript(self) -> list[Entry]:
        """The answer to its query `transcript`."""
        answer: list[Entry] = await self.handle.query(names.QUERY_TRANSCRIPT, result_type=list[Entry])
        return answer

    async def history(self) -> History:
        """The events of all its runs."""
        return await History.fetch(self.stage.client, self.handle.id)

    async def until(self, happened: Callable[[HistoryEvent], bool]) -> HistoryEvent:
        """The first event for which this holds, now or as soon as there is one."""
        async with asyncio.timeout(self.stage.patience):
            async for event in self.handle.fetch_history_events(wait_new_event=True):
                if happened(event):
                    return event
        raise AssertionError("The session ended before that happened.")

    async def scheduled(self, activity: str, times: int = 1) -> None:
        """Wait until its current run has scheduled this activity so many times."""
        found = itertools.count(1)
        await self.until(
            lambda event: (
                event.activity_task_scheduled_event_attributes.activity_type.name == activity and next(found) == times
            )
        )

    def told(self) -> list[Any]:
        """What the model was told of its calls, in order, at the last time it was asked."""
        return [output.value for output in self.asked()[-1].outputs()]

    def asked(self) -> list[ModelRequest]:
        """The requests that reached the model."""
        return [request for request in self.stage.model.requests if _session_of(request) == self.session_id]

    def approval(self, number: int = 1) -> WorkflowHandle[Any, ApprovalResult]:
        """Its n-th approval."""
        request_id = names.approval_workflow_id(self.session_id, number)
        return self.stage.client.get_workflow_handle(request_id, result_type=ApprovalResult)

    async def request(self, number: int = 1) -> ApprovalRequest:
        """Its n-th request for approval, once people see it."""
        await self.notice(number)
        return (await self.approval_state(number)).request

    async def notice_was_tried(self, number: int = 1) -> None:
        """Wait until an attempt at posting its n-th notice has failed."""
        await self.until(lambda event: event.HasField("child_workflow_execution_started_event_attributes"))
        async with asyncio.timeout(self.stage.patience):
            # Attempts stand in no history before they end: there is nothing to wait on but the question itself.
            while not await _is_retrying(self.approval(number)):
                continue

    async def approval_state(self, number: int = 1) -> ApprovalState:
        """The answer to the n-th approval's query `state`."""
        answer: ApprovalState = await self.approval(number).query(names.QUERY_STATE, result_type=ApprovalState)
        return answer

    async def notice(self, number: int = 1, showing: str = "") -> Message:
        """The notice of its n-th request, as soon as it stands in Slack and shows this text."""
        pointer = names.approval_workflow_id(self.session_id, number) + ":"
        return await self.stage.slack.wait_for_message(
            lambda message: (
                showing in message.all_text
                and any(str(element.get("value", "")).startswith(pointer) for element in message.elements)
            ),
            timeout=self.stage.patience,
        )

    async def waiting(self, number: int = 1, *, call: int = 0) -> OpenCall:
        """A call of its n-th request as its buttons show it; calls count from 0."""
        message = await self.notice(number)
        pointers = dict.fromkeys(str(element["value"]) for element in message.elements)
        return OpenCall(message, list(pointers)[call])

    async def approve(self, number: int = 1, *, call: int = 0, by: LocalUser = ANNA) -> None:
        """Click Approve."""
        await people.approve(self.stage.slack, by.id, await self.waiting(number, call=call))

    async def deny(self, reason: str, number: int = 1, *, call: int = 0, by: LocalUser = ANNA) -> None:
        """Click Deny, give a reason, submit."""
        await people.deny(self.stage.slack, by.id, await self.waiting(number, call=call), reason)


@dataclass
class Stage:
    """What is up."""

    client: Client
    settings: Settings
    slack: LocalSlack
    model: ScriptedModel
    witness: Witness
    patience: float = PATIENCE
    sessions: list[Session] = field(default_factory=list)

    async def start(self, *turns: Turn, **request: Any) -> Session:
        """Start a session in which the model says this, turn by turn; `request` completes the `SessionRequest`."""
        session_id = secrets.token_hex(4)
        self.model.add(Script(turns, when=lambda asked: _session_of(asked) == session_id, name=session_id))
        return await self.begin(REQUEST | request, session_id=session_id)

    async def begin(self, *arguments: Any, session_id: str = "", workflow_id: str = "") -> Session:
        """Start a session with any input, as any Temporal client can."""
        session_id = session_id or secrets.token_hex(4)
        handle = await self.client.start_workflow(
            names.AGENT_SESSION,
            args=arguments,
            id=workflow_id or names.session_workflow_id(session_id),
            task_queue=names.ENGINE_QUEUE,
            result_type=SessionResult,
        )
        session = Session(self, session_id, handle)
        self.sessions.append(session)
        return session

    async def slack_comes_back(self) -> None:
        """End every fault of Slack, and wait until the gateway has found its way back."""
        self.slack.go_up()
        self.slack.faults.clear()
        await self.slack.wait_until(lambda: self.slack.connections, timeout=PATIENCE, what="the gateway's connection")

    @asynccontextmanager
    async def process(self, which: Process) -> AsyncIterator[None]:
        """Run one of the processes in this one; the engine without a cache, so that it replays at every task."""
        match which:
            case "engine":
                running: Any = engine(self.client, self.settings, cached_workflows=0)
            case "code":
                running = code(self.client, self.settings)
            case "tools":
                running = tools(self.client, self.settings)
            case "gateway":
                running = gateway(self.client, self.settings)
        async with running:
            yield


@asynccontextmanager
async def open_stage(
    client: Client,
    *,
    processes: Collection[Process] = ALL,
    expires_after: float = 3600,
    patience: float = PATIENCE,
) -> AsyncIterator[Stage]:
    """Set a stage on a Temporal server that runs.

    Args:
        client: of the server.
        processes: those that run here.
        expires_after: how long a request stays open, in seconds.
        patience: how long anything may take before a test gives up on it, in seconds.
    """
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(users=[RITA, ANNA, ALAN, OTTO], channels=[CHANNEL]))
        model = await stack.enter_async_context(ScriptedModel())
        settings = Settings().changed(
            app=APP,
            channel=CHANNEL.id,
            reviewers=(ANNA.id, ALAN.id),
            expires_after=expires_after,
            slack_bot_token=slack.bot_token,
            slack_app_token=slack.app_token,
            slack_url=slack.api_url,
            openai_api_key=model.api_key,
            openai_base_url=model.base_url,
        )
        storage = FolderStore(Path(stack.enter_context(TemporaryDirectory(prefix="seconder-artifacts-"))))
        settings = settings.changed(storage=storage.location)
        client = Client(**client.config() | {"data_converter": data_converter(storage)})
        seen = await stack.enter_async_context(witness())
        stage = Stage(client, settings, slack, model, seen, patience)
        for which in processes:
            await stack.enter_async_context(stage.process(which))
        yield stage


async def _is_retrying(handle: WorkflowHandle[Any, Any]) -> bool:
    described = await handle.describe()
    return any(activity.attempt > 1 for activity in described.raw_description.pending_activities)


def _session_of(request: ModelRequest) -> str:
    return str(request.body.get("prompt_cache_key"))
