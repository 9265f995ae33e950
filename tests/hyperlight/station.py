"""The program in the emulated machine: a sandbox, worked through one line by the tests outside.

Each message is a line of JSON. From the tests: `run` (a block's spec), `answer` and `fault` (what became of a call),
`cancel`, and what is asked of the machine itself. To the tests: `ready` or `unavailable`, then `call` and `withdrawn`
(a call that nobody waits for any more), and one of `outcome`, `cancelled`, `raised` and `result` for each run.
"""

import asyncio
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sandbox.backends.hyperlight import HyperlightSandbox
from sandbox.calls import Answer, Call
from sandbox.protocol import BlockSpec, Sandbox, SandboxUnavailable
from tests.hyperlight.machine import LINE, MAX_MESSAGE
from tests.hyperlight.processes import helpers_of, survivors_of_a_killed_worker

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_START_SECONDS = 600.0


class FaultOutside(Exception):  # noqa: N818 - stands for what the tests raised
    """What answers a call raised something, outside of this machine."""


class Station:
    """Runs what it is told to, many blocks at once."""

    def __init__(self, sandbox: Sandbox, fresh: Sandbox, cache: Path, writer: asyncio.StreamWriter) -> None:
        self._sandbox = sandbox
        self._fresh = fresh
        self._cache = cache
        self._writer = writer
        self._runs: dict[int, asyncio.Task[None]] = {}
        self._waiting: dict[tuple[int, int], asyncio.Future[Answer]] = {}

    def say(self, **message: object) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")

    def hear(self, message: dict[str, Any]) -> None:
        run = message["run"]
        match message["op"]:
            case "run":
                spec = BlockSpec.model_validate(message["spec"])
                if spec.workspace is not None:
                    spec = spec.model_copy(update={"workspace": _folder_with(message["files"])})
                self._runs[run] = asyncio.create_task(self._run(run, spec, fresh=message["fresh"]))
            case "helpers":
                self.say(op="result", run=run, result=sorted(helpers_of(os.getpid())))
            case "kill a worker":
                self._runs[run] = asyncio.create_task(self._kill_a_worker(run))
            case "cancel" if run in self._runs:
                self._runs[run].cancel()
            case "answer" if waiting := self._still_waiting(run, message["number"]):
                waiting.set_result(_ANSWER.validate_python(message["answer"]))
            case "fault" if waiting := self._still_waiting(run, message["number"]):
                waiting.set_exception(FaultOutside())

    def _still_waiting(self, run: int, number: int) -> asyncio.Future[Answer] | None:
        waiting = self._waiting.pop((run, number), None)
        return waiting if waiting is not None and not waiting.done() else None

    async def _kill_a_worker(self, run: int) -> None:
        self.say(op="result", run=run, result=await survivors_of_a_killed_worker(self._cache))
        del self._runs[run]

    async def _run(self, run: int, spec: BlockSpec, *, fresh: bool) -> None:
        async def answer(call: Call) -> Answer:
            waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._waiting[run, call.number] = waiting
            self.say(op="call", run=run, call=call.model_dump(mode="json"))
            try:
                given: Answer = await waiting
            except asyncio.CancelledError:
                self._waiting.pop((run, call.number), None)
                self.say(op="withdrawn", run=run, number=call.number)
                raise
            return given

        try:
            if fresh:
                await self._fresh.start()
            outcome = await (self._fresh if fresh else self._sandbox).run(spec, answer)
        except asyncio.CancelledError:
            self.say(op="cancelled", run=run)
        except Exception as error:  # noqa: BLE001 - told to the test
            kind = "unavailable" if isinstance(error, SandboxUnavailable) else "fault"
            text = "" if isinstance(error, FaultOutside) else "".join(traceback.format_exception(error))
            self.say(op="raised", run=run, kind=kind, message=str(error), traceback=text)
        else:
            self.say(op="outcome", run=run, outcome=outcome.model_dump(mode="json"))
        finally:
            del self._runs[run]


def _folder_with(names: list[str]) -> Path:
    """A folder of this machine with such files; a guest that has no files needs nothing of their content."""
    folder = Path(tempfile.mkdtemp())
    for name in names:
        (folder / name).touch()
    return folder


async def main() -> None:
    """Start the sandbox, say so, and do as told until the machine is turned off."""
    reader, writer = await _line()
    # A new micro-VM takes ten seconds here, one that is put back less than one, and the less the smaller it is.
    places = os.cpu_count() or 1
    cache = Path(os.environ["CACHE"])
    sandbox = HyperlightSandbox(
        cache,
        warm=places,
        most=places,
        blocks_per_helper=1000,
        memory_bytes=150 * 2**20,
        start_seconds=_START_SECONDS,
    )
    station = Station(sandbox, HyperlightSandbox(cache, warm=1, start_seconds=_START_SECONDS), cache, writer)
    try:
        await sandbox.start()
    except SandboxUnavailable as error:
        station.say(op="unavailable", reason=str(error))
        await writer.drain()
        return
    station.say(op="ready", description=sandbox.describe().model_dump(mode="json"))
    while line := await reader.readline():
        station.hear(json.loads(line))


async def _line() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    # The device can be opened once only.
    descriptor = os.open(LINE, os.O_RDWR)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_MESSAGE)
    protocol = asyncio.StreamReaderProtocol(reader)
    await loop.connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb", buffering=0))
    writing, writing_protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(os.dup(descriptor), "wb", buffering=0)
    )
    return reader, asyncio.StreamWriter(writing, writing_protocol, reader, loop)


async def _until_anything_goes_wrong() -> None:
    try:
        await main()
    finally:
        # The machine ends with this process at once, so that the tests see that it does.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    asyncio.run(_until_anything_goes_wrong())
