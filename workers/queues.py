"""Who polls a task queue, as Temporal sees it."""

from datetime import UTC, datetime
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client

from seconder import names
from seconder.connection import temporal_call

# A poll lasts up to a minute; a worker that has not been heard of for longer is gone.
_HEARD_WITHIN_SECONDS: Final = 90.0


async def describe_queue(client: Client, queue: str) -> DescribeTaskQueueResponse:
    """What Temporal knows of a queue: of workflows for the engine's, of activities for the others."""
    engine = queue == names.ENGINE_QUEUE
    kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if engine else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    with temporal_call(f"describe the task queue {queue}"):
        return await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind)
        )


def polling(described: DescribeTaskQueueResponse) -> list[PollerInfo]:
    """The workers that poll it now; Temporal remembers those that are gone for some minutes."""
    now = datetime.now(UTC)
    return [
        poller
        for poller in described.pollers
        if (now - poller.last_access_time.ToDatetime(tzinfo=UTC)).total_seconds() < _HEARD_WITHIN_SECONDS
    ]
