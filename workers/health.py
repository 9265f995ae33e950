"""`python -m workers.health [QUEUE]`: for a container's health check, in a second and without a word when all is well.

With a queue: does the worker of this machine still poll it? Without one: does Temporal answer?
"""

import asyncio
import socket
import sys

from seconder.connection import connect
from seconder.errors import SeconderError, ServiceError
from seconder.leaving import leave
from workers.queues import describe_queue, polling


async def check_health(queue: str | None) -> None:
    """Look once.

    Raises:
        ServiceError: Temporal does not answer, or no worker of this machine polls the queue.
    """
    client = await connect()
    if queue is None:
        return
    # The SDK's default identity, `<pid>@<host name>`.
    own = f"@{socket.gethostname()}"
    if not any(poller.identity.endswith(own) for poller in polling(await describe_queue(client, queue))):
        raise ServiceError(f"No worker of {socket.gethostname()} polls {queue}.")


def run() -> int:
    """Exit code 0 when all is well, 1 with a sentence otherwise."""
    try:
        asyncio.run(check_health(sys.argv[1] if len(sys.argv) > 1 else None))
    except SeconderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    leave(run())
