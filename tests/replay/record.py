"""Records the histories that must replay for ever: `uv run python -m tests.replay.record v1`.

One history for each path through the workflows, taken from sessions that really ran. A release adds a folder; what is
already there is never recorded again, because running sessions of that release hold the same events.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from temporalio.client import Client, WorkflowHistory

from seconder import names
from seconder.connection import connect
from seconder.testing.model import code, function_call, reasoning, text
from tests.integration.conftest import dev_server
from tests.integration.stage import OTTO, Session, Stage, open_stage

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


async def _wrong_clicks(stage: Stage) -> Session:
    session = await stage.start([function_call("pay", _pay(100)), function_call("pay", _pay(200))], [text("Done.")])
    await session.approve(call=0, by=OTTO)
    await session.approval().signal(names.SIGNAL_REVIEW, {"verdict": "approve"})
    request = await session.request()
    stranger: dict[str, object] = {
        "request_id": request.request_id,
        "digests": [request.calls[0].digest],
        "verdict": "approve",
    }
    stranger |= {"reviewer": {"user_id": OTTO.id}, "at": request.created_at.isoformat()}
    await session.approval().signal(names.SIGNAL_REVIEW, stranger)
    await session.handle.signal(names.SIGNAL_CANCEL_CALL, {"call_id": request.calls[1].call_id, "reason": "A double."})
    await session.notice(showing="Cancelled")
    await session.approve(call=0)
    return session


async def _many_calls(stage: Stage) -> Session:
    session = await stage.start([function_call("pay", _pay(cents)) for cents in range(1, 10)], [text("Done.")])
    for call in range(8):
        await session.deny("No.", 1, call=call)
    await session.approve(2)
    return session


async def _expired(stage: Stage) -> Session:
    return await stage.start([function_call("pay", _pay(100))], [text("Nobody decided.")])


async def _continued(stage: Stage) -> Session:
    paying = [[function_call("pay", _pay(cents))] for cents in (100, 200)]
    session = await stage.start(*paying, [text("Done.")], [text("That too.")])
    await session.approve(1)
    await session.notice(2)
    await session.handle.signal(names.SIGNAL_MESSAGE, {"text": "One more thing."})
    await session.approve(2)
    return session


_PAYS = (
    "said = []\nfor cents in (100, 200, 300):\n    try:\n        said.append(pay(customer=7, cents=cents)['paid'])\n"
)
_PAYS += "    except PermissionError as refusal:\n        said.append(str(refusal))\nsaid"
_GATHERS = (
    "import asyncio\nawait asyncio.gather(*[pay(customer=n, cents=n) for n in range(1, 4)], return_exceptions=True)"
)
_TOTAL = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}


async def _block_waits_three_times(stage: Stage) -> Session:
    session = await stage.start([code(_PAYS, "Pay three times.")], [text("Done.")])
    await session.approve(1)
    await session.approve(2)
    await session.deny("Too much.", 3)
    await session.approve(4)
    return session


async def _block_gathers(stage: Stage) -> Session:
    session = await stage.start([code(_GATHERS, "Pay three at once.")], [text("Done.")])
    await session.approve(1)
    await session.approve(2, call=2)
    await session.deny("Not her.", 2, call=0)
    await session.approve(2, call=1)
    return session


async def _block_is_cancelled_while_it_waits(stage: Stage) -> Session:
    session = await stage.start([code(_PAYS, "Pay.")], [text("Done.")])
    await session.approve(1)
    await session.notice(2)
    await session.handle.cancel()
    return session


async def _block_finishes(stage: Stage) -> Session:
    wrong, right = (code(f"finish({{'total': {total}}})", "Finish.") for total in ("'much'", "7"))
    return await stage.start([wrong], [right], agent="hasty-clerk", output_schema=_TOTAL)


async def _block_keeps_files(stage: Stage) -> Session:
    writes = code("open('/workspace/a', 'w').write('a')", "Write.")
    return await stage.start(
        [writes], [code("open('/workspace/a').read()", "Read.")], [text("Done.")], agent="hasty-clerk"
    )


@dataclass(frozen=True)
class Conditions:
    """What a path needs of its surroundings: arguments of the server, and the seconds that a request stays open."""

    server_arguments: tuple[str, ...] = ()
    expires_after: float = 3600


USUAL = Conditions()
HASTY = Conditions(expires_after=1)
SHORT = Conditions(("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30"))

PATHS: dict[str, tuple[Conditions, Callable[[Stage], Awaitable[Session]]]] = {
    "block-and-payment": (USUAL, _block_and_payment),
    "automatic-block": (USUAL, _automatic_block),
    "two-calls-one-denied": (USUAL, _two_calls_one_denied),
    "refused-and-failed-calls": (USUAL, _refused_and_failed_calls),
    "unknown-outcome": (USUAL, _unknown_outcome),
    "cancelled-while-waiting": (USUAL, _cancelled_while_waiting),
    "out-of-time": (USUAL, _out_of_time),
    "answer-in-a-shape": (USUAL, _answer_in_a_shape),
    "further-message": (USUAL, _further_message),
    "wrong-clicks": (USUAL, _wrong_clicks),
    "many-calls": (USUAL, _many_calls),
    "expired": (HASTY, _expired),
    "continued": (SHORT, _continued),
    "block-waits-three-times": (USUAL, _block_waits_three_times),
    "block-gathers": (USUAL, _block_gathers),
    "block-is-cancelled-while-it-waits": (USUAL, _block_is_cancelled_while_it_waits),
    "block-finishes": (USUAL, _block_finishes),
    "block-keeps-files": (USUAL, _block_keeps_files),
}


async def record(folder: Path) -> None:
    """Play every path that is not there yet, and write the histories of its session and its approvals."""
    missing = [(name, *path) for name, path in PATHS.items() if not (folder / f"{name}.session.json").exists()]
    for conditions, paths in groupby(missing, key=lambda path: path[1]):
        async with await dev_server(*conditions.server_arguments) as temporal:
            # Under a name of its own: the default one would put this machine into the files.
            client = await connect(address=temporal.client.service_client.config.target_host, identity="recorder")
            async with open_stage(client, expires_after=conditions.expires_after) as stage:
                for name, _, play in paths:
                    session = await play(stage)
                    await asyncio.gather(session.handle.result(), return_exceptions=True)
                    async for part, history in _parts(client, session):
                        (folder / f"{name}.{part}.json").write_text(_of_no_machine(history.to_json()) + "\n")


async def _parts(client: Client, session: Session) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    """`session`, `session-2` and so on for its runs, `approval-1` and so on for its approvals."""
    workflow_id, run_id = session.handle.id, session.handle.first_execution_run_id or ""
    requests: list[str] = []
    run = 0
    while run_id:
        run += 1
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        yield f"session-{run}" if run > 1 else "session", history
        requests += [
            event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
            for event in history.events
            if event.HasField("child_workflow_execution_started_event_attributes")
        ]
        run_id = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    for number, request_id in enumerate(requests, start=1):
        yield f"approval-{number}", await client.get_workflow_handle(request_id).fetch_history()


def _of_no_machine(history: str) -> str:
    """Without the stack traces of failures, which name the folders of this machine."""
    return re.sub(r'("stackTrace": )"(?:[^"\\]|\\.)*"', r'\1""', history)


if __name__ == "__main__":
    release = HISTORIES / sys.argv[1]
    release.mkdir(parents=True, exist_ok=True)
    asyncio.run(record(release))
