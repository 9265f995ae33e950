"""Large payloads on a real server: what stays in the history, who reads them, and what happens when they are lost."""

import asyncio
import hashlib
import json
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from seconder.artifacts import ArtifactStore, FolderStore
from seconder.artifacts.driver import THRESHOLD_BYTES
from seconder.connection import connect, data_converter
from seconder.errors import ContractError, NotFoundError
from seconder.testing.model import text
from tests.integration.command import command
from tests.integration.conftest import dev_server
from tests.integration.stage import Stage
from tests.integration.storage_workflow import MEASURING, MEGABYTES, Parcel, Parcels, measure, produce

ROOT = Path(__file__).resolve().parents[2]
QUEUE = "parcels"
NOTE = "n" * 300_000
RESULT = "x" * (MEGABYTES * 2**20) + "!" + NOTE


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A dev server of this module's own."""
    async with await dev_server() as environment:
        yield environment


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store of this test's own."""
    return FolderStore(tmp_path / "artifacts")


async def client_of(server: WorkflowEnvironment, store: ArtifactStore | None) -> Client:
    address: str = server.client.service_client.config.target_host
    return await connect(address=address, storage=store)


@asynccontextmanager
async def worker(server: WorkflowEnvironment, store: ArtifactStore | None) -> AsyncIterator[None]:
    """A worker without a cache: it reads the whole history for each task."""
    client = await client_of(server, store)
    running = Worker(
        client, task_queue=QUEUE, workflows=[Parcels, Parcel], activities=[produce], max_cached_workflows=0
    )
    async with running, measuring(client):
        yield


def measuring(client: Client) -> Worker:
    """A worker for the one activity that takes a large input."""
    return Worker(client, task_queue=MEASURING, activities=[measure])


async def started(client: Client, megabytes: int = MEGABYTES) -> WorkflowHandle[Any, str]:
    """A workflow that carries something large and waits for a note."""
    handle: WorkflowHandle[Any, str] = await client.start_workflow(
        Parcels.run, megabytes, id=f"parcels-{secrets.token_hex(4)}", task_queue=QUEUE
    )
    await until(handle, lambda event: event.event_type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
    return handle


async def until(handle: WorkflowHandle[Any, Any], happened: Callable[[HistoryEvent], bool]) -> HistoryEvent:
    async with asyncio.timeout(30):
        async for event in handle.fetch_history_events(wait_new_event=True):
            if happened(event):
                return event
    raise AssertionError("The workflow ended before that happened.")


def failed_with(said: str, event: HistoryEvent) -> bool:
    return said in event.workflow_task_failed_event_attributes.failure.message


def blobs(store: FolderStore) -> list[Path]:
    return [path for path in (Path(store.location) / "blobs").rglob("*") if path.is_file()]


async def read_elsewhere(server: WorkflowEnvironment, handle: WorkflowHandle[Any, Any], folder: str) -> str:
    address: str = server.client.service_client.config.target_host
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.storage_workflow", address, handle.id, folder),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def test_large_payloads_leave_a_few_kilobytes_in_history(server: WorkflowEnvironment, store: FolderStore) -> None:
    """Results, inputs, a child's, a signal's and a query's go to the store, and come back for all who have it."""
    client = await client_of(server, store)
    async with worker(server, store):
        handle = await started(client)
        assert await handle.query(Parcels.held) == RESULT.removesuffix(NOTE)
        await handle.signal(Parcels.note, NOTE)
        assert await handle.result() == RESULT
    history = await handle.fetch_history()
    assert sum(event.ByteSize() for event in history.events) < 20_000
    assert sum(blob.stat().st_size for blob in blobs(store)) > 3 * MEGABYTES * 2**20
    assert await read_elsewhere(server, handle, store.location) == hashlib.sha256(RESULT.encode()).hexdigest()
    await Replayer(workflows=[Parcels], data_converter=data_converter(store)).replay_workflow(history)


async def test_small_payloads_stay_where_people_read_them(server: WorkflowEnvironment, store: FolderStore) -> None:
    """Below the threshold, the history holds the value itself."""
    client = await client_of(server, store)
    async with worker(server, store):
        handle = await started(client, 0)
        note = "n" * (THRESHOLD_BYTES - 1024)
        await handle.signal(Parcels.note, note)
        assert await handle.result() == f"!{note}"
    assert not blobs(store)
    assert await read_elsewhere(server, handle, "") == hashlib.sha256(f"!{note}".encode()).hexdigest()


async def test_a_client_without_the_store_is_told_so(server: WorkflowEnvironment, store: FolderStore) -> None:
    """The error names the setting; a client with another store is told that it has another one."""
    client = await client_of(server, store)
    async with worker(server, store):
        handle = await started(client)
        await handle.signal(Parcels.note, NOTE)
        await handle.result()
    assert "was given none" in await read_elsewhere(server, handle, "")
    said = await read_elsewhere(server, handle, str(Path(store.location).parent / "elsewhere"))
    assert said.startswith("NotFoundError: ")
    assert "the same SECONDER_STORAGE" in said


@pytest.mark.parametrize("change", [Path.unlink, lambda blob: blob.write_bytes(b"forged")])
async def test_a_result_that_was_changed_or_deleted_is_refused(
    server: WorkflowEnvironment, store: FolderStore, change: Callable[[Path], object]
) -> None:
    """Nobody reads a forged result; the error is one of ours and names the digest."""
    client = await client_of(server, store)
    async with worker(server, store):
        handle = await started(client)
        await handle.signal(Parcels.note, NOTE)
        await handle.result()
    for blob in blobs(store):
        change(blob)
    with pytest.raises((NotFoundError, ContractError), match=r"[0-9a-f]{64}"):
        await handle.result()


@pytest.mark.parametrize("forged", [True, False])
async def test_a_workflow_waits_for_what_was_lost(
    server: WorkflowEnvironment, store: FolderStore, *, forged: bool
) -> None:
    """What was changed or deleted fails the task in words, and never replaces the real: restored, all goes on."""
    client = await client_of(server, store)
    async with worker(server, store):
        handle = await started(client)
        contents = {blob: blob.read_bytes() for blob in blobs(store)}
        for blob in contents:
            if forged:
                blob.write_bytes(b"forged")
            else:
                blob.unlink()
        await handle.signal(Parcels.note, "n")
        await until(handle, partial(failed_with, "was changed" if forged else "Restore it from a backup"))
        for blob, content in contents.items():
            blob.write_bytes(content)
        assert await handle.result() == RESULT.removesuffix(NOTE) + "n"


async def test_a_workflow_waits_for_the_right_store(server: WorkflowEnvironment, store: FolderStore) -> None:
    """A worker that was given another store, or none, spoils nothing: with the right one the workflow goes on."""
    client = await client_of(server, store)
    async with worker(server, store):
        handle = await started(client)
    other = FolderStore(Path(store.location).parent / "other")
    for wrong, said in ((other, "the same SECONDER_STORAGE"), (None, "was given none")):
        async with worker(server, wrong):
            await handle.signal(Parcels.note, "n")
            await until(handle, partial(failed_with, said))
    async with worker(server, store):
        assert await handle.result() == RESULT.removesuffix(NOTE) + "n"


async def test_an_activity_whose_input_is_lost_fails_in_bounded_time(
    server: WorkflowEnvironment, store: FolderStore
) -> None:
    """Its retry policy bounds the attempts; the reason stands behind the failure."""
    client = await client_of(server, store)
    # With a cache: the workflow itself need not read its history again.
    async with Worker(client, task_queue=QUEUE, workflows=[Parcels, Parcel], activities=[produce]):
        handle = await started(client)
        await handle.signal(Parcels.note, "n")
        await until(
            handle,
            lambda event: event.activity_task_scheduled_event_attributes.activity_type.name == "measure",
        )
        for blob in blobs(store):
            blob.unlink()
        async with measuring(client):
            with pytest.raises(WorkflowFailureError) as raised:
                await handle.result()
    cause = raised.value.cause
    assert isinstance(cause, ActivityError)
    assert isinstance(cause.cause, ApplicationError)
    assert isinstance(cause.cause.cause, ApplicationError)
    assert cause.cause.cause.type == "NotFoundError"


async def test_a_result_that_cannot_be_stored_fails_the_activity(server: WorkflowEnvironment) -> None:
    """A store that cannot be written to bounds the attempts as well, and says so."""
    store = FolderStore(Path("/dev/null/artifacts"))
    client = await client_of(server, store)
    async with worker(server, store):
        handle: WorkflowHandle[Any, str] = await client.start_workflow(
            Parcels.run, MEGABYTES, id=f"parcels-{secrets.token_hex(4)}", task_queue=QUEUE
        )
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
    assert isinstance(raised.value.cause, ActivityError)
    assert "cannot be written to: Not a directory" in str(raised.value.cause.cause)


async def test_the_command_shows_a_large_result(stage: Stage) -> None:
    """With the processes' store it prints the result; without it, a sentence that names the setting."""
    words = "word " * 40_000
    session = await stage.start([text(words)])
    assert (await session.result()).output == words
    show = ("show", session.session_id, "--json")
    code, output, _ = await command(stage, *show)
    assert (code, json.loads(output)["result"]["output"]) == (0, words)
    code, output, said = await command(stage, *show, SECONDER_STORAGE=f"{stage.settings.storage}-of-others")
    assert (code, output) == (2, "")
    assert "the same SECONDER_STORAGE" in said
    code, _, said = await command(stage, *show, SECONDER_STORAGE="gs://bucket")
    assert (code, "SECONDER_STORAGE" in said) == (2, True)
