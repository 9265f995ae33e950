"""A workflow whose payloads are large, each way that a payload can go; and a process that reads its result.

`python -m tests.integration.storage_workflow ADDRESS WORKFLOW_ID FOLDER` prints the result's SHA-256, or the error.
"""

import asyncio
import hashlib
import sys
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

MEGABYTES = 5
MEASURING = "measuring"
QUICKLY: Any = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=2),
}


@activity.defn
async def produce(megabytes: int) -> str:
    """Give a large result."""
    return "x" * (megabytes * 2**20)


@activity.defn
async def measure(text: str) -> int:
    """Take a large input."""
    return len(text)


@workflow.defn
class Parcel:
    """A child that takes and gives something large."""

    @workflow.run
    async def run(self, text: str) -> str:
        """Give it back."""
        return text + "!"


@workflow.defn
class Parcels:
    """Carries a large result from an activity through a child, and holds it until told to go on."""

    def __init__(self) -> None:
        self._held = ""
        self._note = ""

    @workflow.run
    async def run(self, megabytes: int) -> str:
        """Carry it, wait for a note, and end with both."""
        self._held = await workflow.execute_activity(produce, megabytes, **QUICKLY)
        self._held = await workflow.execute_child_workflow(Parcel.run, self._held)
        await workflow.wait_condition(lambda: bool(self._note))
        await workflow.execute_activity(measure, self._held, task_queue=MEASURING, **QUICKLY)
        return self._held + self._note

    @workflow.signal
    def note(self, text: str) -> None:
        """Take a note."""
        self._note = text

    @workflow.query
    def held(self) -> str:
        """What it carries."""
        return self._held


async def read(address: str, workflow_id: str, folder: str) -> str:
    """The digest of a workflow's result, read as any client does."""
    from seconder.artifacts import open_store
    from seconder.connection import connect
    from seconder.errors import SeconderError

    client = await connect(address=address, storage=open_store(folder) if folder else None)
    try:
        result: str = await client.get_workflow_handle(workflow_id, result_type=str).result()
    except SeconderError as error:
        return f"{type(error).__name__}: {error}"
    return hashlib.sha256(result.encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(read(*sys.argv[1:4])))
