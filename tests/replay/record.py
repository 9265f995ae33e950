"""Records the histories that must replay for ever: `uv run python -m tests.replay.record v1`.

One history for each path through the workflows, taken from sessions that really ran. A release adds a folder; what is
in an older one is never recorded again, because running sessions of that release hold the same events.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from seconder.connection import connect
from seconder.testing.model import code, function_call, reasoning, text
from tests.integration.conftest import dev_server
from tests.integration.stage import Session, Stage, open_stage

HISTORIES = Path(__file__).parent / "histories"


def _pay(cents: int) -> dict[str, int]:
    return {"customer": 7, "cents": cents}


async def _block_and_payment(stage: Stage) -> Session:
    session = await stage.start(
        [reasoning("Look first."), code("sum([(await look_up(customer=n))['owes'] for n in range(5)])", "Add up.")],
        [function_call("pay", _pay(100))],
        [text("Done.")],
    )
    await session.approve(1)
    await session.approve(2)
    return session


async def _automatic_block(stage: Stage) -> Session:
    return await stage.start([code("await look_up(customer=1)", "Look.")], [text("Done.")], agent="hasty-clerk")


async def _two_calls_one_denied(stage: Stage) -> Session:
    calls = [function_call("pay", _pay(100)), function_call("pay", _pay(200))]
    session = await stage.start(calls, [text("Done.")])
    await session.approve(call=0)
    await session.notice(showing="1 of 2 decided")
    await session.deny("Too much.", call=1)
    return session


async def _refused_and_failed_calls(stage: Stage) -> Session:
    wrong = [function_call("nope", {}), function_call("pay", "{"), code("import", "A mistake.")]
    session = await stage.start(wrong, [function_call("decline", {"why": "No"})], [text("Done.")])
    await session.approve()
    return session


async def _unknown_outcome(stage: Stage) -> Session:
    session = await stage.start([function_call("stumble", {})], [text("Done.")])
    await session.approve()
    return session


async def _cancelled_while_waiting(stage: Stage) -> Session:
    session = await stage.start([function_call("pay", _pay(100))], [text("Done.")])
    await session.notice()
    await session.handle.cancel()
    return session


async def _out_of_time(stage: Stage) -> Session:
    return await stage.start([function_call("pay", _pay(100))], [text("Done.")], limits={"wall_clock_seconds": 2})


async def _answer_in_a_shape(stage: Stage) -> Session:
    schema = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
    return await stage.start([text("Seven.")], [text('{"total": 7}')], output_schema=schema)


async def _further_message(stage: Stage) -> Session:
    session = await stage.start([text("One.")], [text("Two.")], idle_seconds=3)
    await session.handle.signal("message", {"text": "And then?"})
    return session


PATHS: dict[str, Callable[[Stage], Awaitable[Session]]] = {
    "block-and-payment": _block_and_payment,
    "automatic-block": _automatic_block,
    "two-calls-one-denied": _two_calls_one_denied,
    "refused-and-failed-calls": _refused_and_failed_calls,
    "unknown-outcome": _unknown_outcome,
    "cancelled-while-waiting": _cancelled_while_waiting,
    "out-of-time": _out_of_time,
    "answer-in-a-shape": _answer_in_a_shape,
    "further-message": _further_message,
}


async def record(folder: Path) -> None:
    """Play every path and write the histories of its session and its approvals."""
    async with await dev_server() as temporal:
        # Under a name of its own: the default one would put this machine into the files.
        client = await connect(address=temporal.client.service_client.config.target_host, identity="recorder")
        async with open_stage(client) as stage:
            for name, play in PATHS.items():
                session = await play(stage)
                await asyncio.gather(session.handle.result(), return_exceptions=True)
                for number, workflow_id in enumerate([session.handle.id, *await _approvals_of(session)]):
                    history = await client.get_workflow_handle(workflow_id).fetch_history()
                    suffix = f"approval-{number}" if number else "session"
                    (folder / f"{name}.{suffix}.json").write_text(_of_no_machine(history.to_json()) + "\n")


async def _approvals_of(session: Session) -> list[str]:
    return [
        event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
        async for event in session.handle.fetch_history_events()
        if event.HasField("child_workflow_execution_started_event_attributes")
    ]


def _of_no_machine(history: str) -> str:
    """Without the stack traces of failures, which name the folders of this machine."""
    return re.sub(r'("stackTrace": )"(?:[^"\\]|\\.)*"', r'\1""', history)


if __name__ == "__main__":
    release = HISTORIES / sys.argv[1]
    release.mkdir(parents=True, exist_ok=True)
    asyncio.run(record(release))
