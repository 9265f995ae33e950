"""A code worker that belongs to an attacker: it takes blocks from the queue, and answers what it likes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import Worker

from seconder import names

type Run = dict[str, Any]
type Answer = Callable[[Run], Any]


class RogueCodeWorker:
    """What it answers to each run of each session's blocks; what it was given stands in `runs`."""

    def __init__(self) -> None:
        self.runs: dict[str, list[Run]] = {}
        self._answers: dict[str, list[Answer]] = {}

    def plans(self, session_id: str, *answers: Answer | Any) -> None:
        """Answer the runs of a session with these, one after the other, and the last one for ever."""
        self._answers[session_id] = [answer if callable(answer) else _always(answer) for answer in answers]

    @activity.defn(name=names.ACTIVITY_RUN_BLOCK)
    async def run_block(self, run: Run) -> Any:
        """Run nothing, and say something."""
        session_id = run["call"]["session_id"]
        runs = self.runs.setdefault(session_id, [])
        runs.append(run)
        answers = self._answers[session_id]
        return answers[min(len(runs), len(answers)) - 1](run)


@asynccontextmanager
async def rogue_code_worker(client: Client) -> AsyncIterator[RogueCodeWorker]:
    """Serve the queue `seconder-code` while the context is open."""
    rogue = RogueCodeWorker()
    async with Worker(client, task_queue=names.CODE_QUEUE, activities=[rogue.run_block]):
        yield rogue


def suspended(*pending: tuple[Any, str, Any], journal: Any = None) -> dict[str, Any]:
    """A report of a block that waits for these calls: number, tool, arguments."""
    calls = [{"number": number, "tool": tool, "arguments": arguments} for number, tool, arguments in pending]
    return {"kind": "suspended", "pending": calls, "journal": {} if journal is None else journal}


def completed(result: Any = None, **more: Any) -> dict[str, Any]:
    """A report of a block that ran to its end."""
    return {"kind": "completed", "result": result, **more}


def raw(data: bytes, encoding: bytes = b"json/plain") -> RawValue:
    """Bytes that are sent as they are."""
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


NORMAL: Final = {"customer": 7, "cents": 100, "memo": ""}
"""Arguments of `pay` as its tools worker takes them."""


def _always(answer: Any) -> Answer:
    return lambda _: answer
