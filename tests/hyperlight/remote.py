"""A sandbox that runs in the emulated machine, for tests that know nothing of it.

It implements `sandbox.protocol.Sandbox`: specs and outcomes cross the line as JSON, calls are answered out here.
"""

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from sandbox.calls import Call
from sandbox.protocol import (
    Answerer,
    BlockLimits,
    BlockOutcome,
    BlockSpec,
    SandboxDescription,
    SandboxUnavailable,
)
from tests.hyperlight.machine import Machine

_OUTCOME: TypeAdapter[BlockOutcome] = TypeAdapter(BlockOutcome)


_GENEROUS_SECONDS = 15.0
_TIMES_SLOWER = 6.0
_LONG_ENOUGH_SECONDS = 120.0


class MachineGone(Exception):  # noqa: N818 - what happened, not a fault of the caller
    """The machine ended, or its program did."""


@dataclass
class _Run:
    answer: Answerer
    ended: asyncio.Future[BlockOutcome]
    calls: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    fault: BaseException | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class RemoteSandbox:
    """The sandbox of a machine's station."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._numbers = itertools.count(1)
        self._runs: dict[int, _Run] = {}
        self._results: dict[int, asyncio.Future[Any]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._description: SandboxDescription | None = None

    async def start(self) -> None:
        """Wait until the station is ready. Raises SandboxUnavailable."""
        message = await self._received()
        if message["op"] != "ready":
            raise SandboxUnavailable(message["reason"])
        self._description = SandboxDescription.model_validate(message["description"])
        self._listening = asyncio.create_task(self._listen())

    async def run(self, spec: BlockSpec, answer: Answerer, *, fresh: bool = False) -> BlockOutcome:
        """Run a block in there, see `sandbox.protocol.Sandbox.run`; a `fresh` one has a helper of its own."""
        self._check_listening()
        number = next(self._numbers)
        run = self._runs[number] = _Run(answer, asyncio.get_running_loop().create_future())
        # The machine does not see the folder itself.
        files = sorted(path.name for path in spec.workspace.iterdir()) if spec.workspace is not None else []
        spec = spec.model_copy(update={"limits": patient(spec.limits)})
        self._say(op="run", run=number, spec=spec.model_dump(mode="json"), files=files, fresh=fresh)
        try:
            return await asyncio.shield(run.ended)
        except asyncio.CancelledError:
            self._say(op="cancel", run=number)
            await run.over.wait()
            raise
        finally:
            del self._runs[number]
            for call in run.calls.values():
                call.cancel()
            await asyncio.gather(*run.calls.values(), return_exceptions=True)

    async def ask(self, what: str) -> Any:
        """Something about the machine itself."""
        self._check_listening()
        number = next(self._numbers)
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._results[number] = result
        self._say(op=what, run=number)
        try:
            return await result
        finally:
            del self._results[number]

    async def close(self) -> None:
        """Listen no more; the machine is turned off by whoever turned it on."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def describe(self) -> SandboxDescription:
        """What the station says of its sandbox."""
        if self._description is None:
            raise SandboxUnavailable("the machine is not started")
        return self._description

    def _check_listening(self) -> None:
        if self._listening is None or self._listening.done():
            raise MachineGone(self._machine.last_words())

    def _say(self, **message: object) -> None:
        self._machine.writer.write(json.dumps(message).encode() + b"\n")

    async def _received(self) -> dict[str, Any]:
        line = await self._machine.reader.readline()
        if not line:
            raise MachineGone(self._machine.last_words())
        message: dict[str, Any] = json.loads(line)
        return message

    async def _listen(self) -> None:
        try:
            while True:
                self._hear(await self._received())
        except MachineGone as gone:
            for run in self._runs.values():
                run.ended.set_exception(gone)
                run.over.set()
            for result in self._results.values():
                result.set_exception(gone)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["op"] == "result":
            self._results[message["run"]].set_result(message["result"])
            return
        # A run that was cancelled out here may still have something to say.
        run = self._runs.get(message["run"])
        if run is None:
            return
        match message["op"]:
            case "call":
                call = Call.model_validate(message["call"])
                run.calls[call.number] = asyncio.create_task(self._answer(message["run"], run, call))
            case "withdrawn":
                run.calls[message["number"]].cancel()
            case "outcome":
                run.ended.set_result(_OUTCOME.validate_python(message["outcome"]))
                run.over.set()
            case "cancelled":
                run.over.set()
            case "raised":
                run.ended.set_exception(run.fault or _raised(message))
                run.over.set()

    async def _answer(self, number: int, run: _Run, call: Call) -> None:
        try:
            answer = await run.answer(call)
        except Exception as fault:  # noqa: BLE001 - raised from `run`, once the station has ended the block
            run.fault = fault
            self._say(op="fault", run=number, number=call.number)
        else:
            self._say(op="answer", run=number, number=call.number, answer=answer.model_dump(mode="json"))


def patient(limits: BlockLimits) -> BlockLimits:
    """Limits with more of the time that is meant to be plenty; those that a test lets a block run into stay."""
    longer = {
        name: max(seconds, min(seconds * _TIMES_SLOWER, _LONG_ENOUGH_SECONDS))
        for name in ("wall_seconds", "cpu_seconds")
        if (seconds := getattr(limits, name)) >= _GENEROUS_SECONDS
    }
    return limits.model_copy(update=longer)


def _raised(message: dict[str, Any]) -> Exception:
    if message["kind"] == "unavailable":
        return SandboxUnavailable(message["message"])
    return RuntimeError(f"the sandbox in the machine raised:\n{message['traceback']}")
