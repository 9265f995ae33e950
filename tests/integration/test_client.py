"""The client against a real Temporal server on which nobody works: what can be said and done without a worker."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from seconder import names
from seconder.client import SeconderClient, SessionFailedError
from seconder.connection import DATA_CONVERTER, connect
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.calls import Call
from seconder.contracts.session import TASK_MAX_BYTES, SessionRequest
from seconder.effects import Effect
from seconder.errors import ConfigurationError, NotFoundError, ServiceError
from seconder.observing import QUERY_SECONDS
from seconder.views import OpenRequest

REQUEST = SessionRequest(agent="clerk", task="Refund **order** 7.\nThen `tell` me.", requester="U0RITA")


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A dev server of this module's own, so that no other test's worker answers."""
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=shutil.which("temporal"),
        dev_server_extra_args=[f"--search-attribute={name}={kind}" for name, kind in names.SEARCH_ATTRIBUTES.items()],
        dev_server_log_level="error",
    ) as environment:
        yield environment


@pytest.fixture
def temporal_client(server: WorkflowEnvironment) -> Client:
    """The bare Temporal client."""
    return server.client


@pytest.fixture
def client(temporal_client: Client) -> SeconderClient:
    """The client under test."""
    return SeconderClient(temporal_client)


def request_of(session_id: str, number: int) -> ApprovalRequest:
    call = Call(
        session_id=session_id,
        call_id=f"{session_id}/{number}",
        agent="clerk",
        agent_version="1",
        tool="pay",
        tool_version="1",
        arguments={"cents": 100},
        effect=Effect.SPEND,
    )
    now = datetime.now(UTC)
    return ApprovalRequest(
        request_id=names.approval_workflow_id(session_id, number),
        session_id=session_id,
        agent="clerk",
        agent_version="1",
        requester="U0RITA",
        task="Pay.",
        calls=(call,),
        reviewers=("U0ANNA",),
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )


async def open_approval(temporal_client: Client, argument: object, workflow_id: str) -> None:
    await temporal_client.start_workflow(names.APPROVAL, argument, id=workflow_id, task_queue=names.ENGINE_QUEUE)


async def test_a_session_can_be_seen_before_any_worker_has(client: SeconderClient, temporal_client: Client) -> None:
    """What was started, for whom and since when is known at once; what only a worker knows is said to be missing."""
    handle = await client.start(REQUEST)
    assert handle.session_id.startswith("clerk-")
    assert handle.workflow_id == f"session-{handle.session_id}"
    view = await client.show(handle.session_id)
    assert view.request == REQUEST
    assert view.state is None
    assert "python -m workers engine" in view.unanswered
    assert view.summary.execution == "running"
    assert (view.summary.agent, view.summary.requester, view.summary.state) == ("clerk", "U0RITA", "starting")
    assert view.summary.task == "Refund **order** 7. Then `tell` me."
    described = await temporal_client.get_workflow_handle(handle.workflow_id).describe()
    assert await described.static_summary() == "`clerk`: `Refund **order** 7. Then 'tell' me.`"
    assert "Refund **order** 7.\nThen `tell` me." in (await described.static_details() or "")


async def test_sessions_are_listed_by_what_one_knows_of_them(client: SeconderClient) -> None:
    """The newest first, and only those that match everything asked for."""
    first = await client.start(REQUEST.model_copy(update={"agent": "lister"}), "list-1")
    second = await client.start(REQUEST.model_copy(update={"agent": "lister", "requester": "U0RUDI"}), "list-2")
    listed = await client.list(agent="lister")
    assert [summary.session_id for summary in listed] == [second.session_id, first.session_id]
    assert [summary.session_id for summary in await client.list(agent="lister", requester="U0RUDI")] == ["list-2"]
    assert [summary.session_id for summary in await client.list(agent="lister", limit=1)] == ["list-2"]
    assert not await client.list(agent="lister", state="completed")
    with pytest.raises(ConfigurationError, match="leave out quotes"):
        await client.list(agent="x' OR WorkflowType = 'Approval")


async def test_one_id_means_one_session_for_ever(client: SeconderClient) -> None:
    """An id is not given twice, not even when its first session has ended: approvals are bound to it."""
    await client.start(REQUEST, "only-once")
    with pytest.raises(ConfigurationError, match="There is a session only-once already"):
        await client.start(REQUEST, "only-once")
    await client._client.get_workflow_handle("session-only-once").terminate(reason="for the test")
    with pytest.raises(ConfigurationError, match="There is a session only-once already"):
        await client.start(REQUEST, "only-once")


@pytest.mark.parametrize("session_id", ["", "a b", "../etc", "ä", "-x", "x" * 129, "a\n"])
async def test_an_id_that_a_shell_would_trip_over_is_refused(client: SeconderClient, session_id: str) -> None:
    """Ids are for shells, URLs and the Temporal UI."""
    with pytest.raises(ConfigurationError, match="cannot name a session"):
        await client.start(REQUEST, session_id)


async def test_texts_that_do_not_belong_into_a_history_are_refused(client: SeconderClient) -> None:
    """A task or a message is counted in bytes of UTF-8, and refused before anything is sent."""
    fits = "ä" * (TASK_MAX_BYTES // 2)
    await client.start(REQUEST.model_copy(update={"task": fits}), "just-fits")
    with pytest.raises(ConfigurationError, match="The task is 100002 bytes long"):
        await client.start(REQUEST.model_copy(update={"task": fits + "ä"}), "too-long")
    with pytest.raises(ConfigurationError, match="The message is 100002 bytes long"):
        await client.send("just-fits", fits + "ä")
    with pytest.raises(ConfigurationError, match="The message is empty"):
        await client.send("just-fits", " \n")
    with pytest.raises(NotFoundError):
        await client.show("too-long")


async def test_a_missing_session_comes_with_close_ones(client: SeconderClient) -> None:
    """A misspelt id, or the beginning of one, leads to the session that was meant."""
    await client.start(REQUEST, "misspelt-20261122")
    for meant in ("mispelt-20261122", "misspelt"):
        with pytest.raises(NotFoundError, match="Did you mean misspelt-20261122"):
            await client.show(meant)
    with pytest.raises(NotFoundError, match=r"There is no session 'zzz'\. `seconder list`"):
        await client.cancel("zzz")


async def test_a_workflow_id_names_its_session_too(client: SeconderClient, temporal_client: Client) -> None:
    """What people copy from the Temporal UI is understood; what is no session there is not taken for one."""
    await client.start(REQUEST, "copied")
    assert (await client.show("session-copied")).summary.session_id == "copied"
    await temporal_client.start_workflow("Other", id="session-other", task_queue="elsewhere")
    with pytest.raises(NotFoundError):
        await client.show("other")


async def test_an_ended_session_says_so(client: SeconderClient, temporal_client: Client) -> None:
    """Nothing can be sent to it, and how it ended is read from its history."""
    await client.start(REQUEST, "ended")
    await temporal_client.get_workflow_handle("session-ended").terminate(reason="no longer needed")
    for attempt in (client.send("ended", "hello"), client.cancel("ended")):
        with pytest.raises(NotFoundError, match=r"Session ended has ended \(terminated at "):
            await attempt
    with pytest.raises(SessionFailedError, match="Session ended was terminated: no longer needed"):
        await client.wait("ended")
    view = await client.show("ended")
    assert view.summary.execution == "terminated"
    assert view.failure == "It was terminated: no longer needed."


async def test_a_session_with_any_input_can_be_shown(client: SeconderClient, temporal_client: Client) -> None:
    """What somebody started with nonsense is shown too, so that it can be found and cancelled."""
    await temporal_client.start_workflow(
        names.AGENT_SESSION, {"nonsense": True}, id="session-nonsense", task_queue=names.ENGINE_QUEUE
    )
    view = await client.show("nonsense")
    assert view.request is None
    assert view.summary.execution == "running"


async def test_what_waits_is_known_without_a_worker(client: SeconderClient, temporal_client: Client) -> None:
    """Requests are read from history, the longest waiting first, in the time of one unanswered question."""
    for number in (1, 2, 3):
        request = request_of("waiting", number)
        await open_approval(temporal_client, request, request.request_id)
    await open_approval(temporal_client, {"nonsense": True}, "approval-nonsense-1")
    found: Sequence[OpenRequest] = ()
    # The server's list of workflows follows a moment later.
    while len(found) < 4:
        began = time.monotonic()
        found = await client.approvals()
        assert time.monotonic() - began < 2 * QUERY_SECONDS
    assert [waiting.request_id for waiting in found] == [
        *(f"approval-waiting-{number}" for number in (1, 2, 3)),
        "approval-nonsense-1",
    ]
    first, unreadable = found[0], found[-1]
    assert first.request is not None
    assert first.request.calls[0].arguments == {"cents": 100}
    assert first.state is None
    assert 3500 < (first.expires_in_seconds or 0) <= 3600
    assert unreadable.request is None
    assert "no ApprovalRequest" in unreadable.problem


async def test_a_namespace_that_is_not_there_is_named(temporal_client: Client) -> None:
    """The message says which variable to set."""
    elsewhere = await connect(address=temporal_client.service_client.config.target_host, namespace="nowhere")
    with pytest.raises(ServiceError, match=r"nowhere.*TEMPORAL_NAMESPACE"):
        await SeconderClient(elsewhere).list()


async def test_explicit_arguments_win_over_the_environment(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TEMPORAL_ADDRESS says where Temporal is, unless the caller does."""
    address = temporal_client.service_client.config.target_host
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(ServiceError, match=r"No Temporal server answers at 127\.0\.0\.1:1: Connection refused"):
        await connect()
    assert (await connect(address=address)).namespace == "default"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "other")
    assert (await connect()).namespace == "other"


async def test_a_server_that_says_nothing_is_given_up_on() -> None:
    """A port that accepts and never answers does not hold up a command for ever."""

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    silent = asyncio.Event()
    listener = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        with pytest.raises(ServiceError, match="no answer within"):
            await connect(address=f"127.0.0.1:{port}")
    finally:
        silent.set()
        listener.close()
        await listener.wait_closed()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TEMPORAL_PROFILE", "nobody"),
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nowhere.pem"),
        ("TEMPORAL_ADDRESS", "http://x"),
    ],
)
async def test_settings_of_temporal_that_cannot_be_read_are_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A broken profile or certificate stops with a sentence, not with a stack of the SDK."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=r"Temporal's (settings|address)"):
        await connect()
