"""The guest's end of the bridge: calls go out, answers come back, the guest stands still in between.

One message carries all calls made since the last one; the reply carries a batch of answers and the time of the batch.
A pending call is simply not answered: the host ends the guest instead, so that no handler of the block runs.
"""

import asyncio
import json
from collections.abc import Callable
from typing import NoReturn

from sandbox.guest import fixed, output

type Exchange = Callable[[str], str]

# Those whose constructors take one message and that a tool is likely to raise.
_CATCHABLE: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (
        ArithmeticError,
        AssertionError,
        ConnectionError,
        FileExistsError,
        FileNotFoundError,
        IndexError,
        KeyError,
        LookupError,
        NotImplementedError,
        OSError,
        OverflowError,
        PermissionError,
        RuntimeError,
        TimeoutError,
        TypeError,
        ValueError,
        ZeroDivisionError,
    )
}


class ToolError(Exception):
    """A tool failed; `type` is the class name of its own exception."""

    __module__ = "builtins"
    type = "ToolError"


class OutcomeUnknown(ToolError):  # noqa: N818 - what happened, and maybe no error at all
    """A tool may have done what it was asked for, or not; nobody knows."""

    __module__ = "builtins"
    type = "OutcomeUnknown"


class Bridge:
    """Numbers the calls of a block, in the order in which they are made, and hands out their answers."""

    def __init__(self) -> None:
        self.exchange: Exchange = _no_exchange
        self.made = 0
        self.unsent: list[str] = []
        self.withdrawn: list[int] = []
        self.answers: dict[int, dict[str, object]] = {}
        self.waiting: dict[int, asyncio.Future[object]] = {}

    def call(self, tool: str, arguments: str) -> object:
        """Make a call and stand still until it is answered."""
        number = self._make(tool, arguments)
        while number not in self.answers:
            self.deliver(need=number)
        return _opened(self.answers.pop(number))

    async def call_async(self, tool: str, arguments: str) -> object:
        """Make a call and let other tasks run until it is answered."""
        number = self._make(tool, arguments)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            await future
        except BaseException:
            # Nobody waits for it any more: people must not be asked for it.
            if self.waiting.pop(number, None) is not None:
                self.withdrawn.append(number)
            raise
        return _opened(self.answers.pop(number))

    def deliver(self, need: int | None = None) -> None:
        """Tell the host what is new and take the next batch of answers; `need` is the call that blocks the guest."""
        calls, self.unsent = self.unsent, []
        withdrawn, self.withdrawn = self.withdrawn, []
        said = f'"calls":[{",".join(calls)}],"withdrawn":{json.dumps(withdrawn)},"need":{json.dumps(need)}'
        reply = self.exchange(f'{{"op":"calls",{said},{_kept_back()}}}')
        batch = json.loads(reply)
        fixed.advance_to(batch["now"])
        for answer in batch["answers"]:
            self.answers[answer["number"]] = answer
            future = self.waiting.pop(answer["number"], None)
            if future is not None and not future.done():
                future.set_result(None)

    def finish(self, value: str) -> NoReturn:
        """Hand over the value that ends the session; the host ends this guest instead of answering."""
        self.exchange(f'{{"op":"finish","result":{value},{_kept_back()}}}')
        raise RuntimeError("the host let a block go on that had finished")

    def _make(self, tool: str, arguments: str) -> int:
        self.made += 1
        self.unsent.append(f'{{"number":{self.made},"tool":{json.dumps(tool)},"arguments":{arguments}}}')
        return self.made


def _kept_back() -> str:
    return f'"kept_back":{json.dumps(output.kept_back())}'


def _no_exchange(message: str) -> str:
    raise RuntimeError("the bridge is not open")


def _opened(answer: dict[str, object]) -> object:
    kind = answer["kind"]
    if kind == "value":
        return answer["value"]
    if kind == "failed":
        raise _tool_error(str(answer["type"]), str(answer["message"]))
    if kind == "expired":
        raise TimeoutError(answer["reason"])
    raise PermissionError(answer["reason"])


def _tool_error(name: str, message: str) -> ToolError:
    if name == "OutcomeUnknown":
        return OutcomeUnknown(message)
    if name == "ToolError" or not name.isidentifier():
        return ToolError(message)
    bases = (ToolError, _CATCHABLE[name]) if name in _CATCHABLE else (ToolError,)
    made: type[ToolError] = type(name, bases, {"type": name, "__module__": "builtins"})
    return made(message)


bridge = Bridge()
