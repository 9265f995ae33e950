"""Values from a guest and from a tool, as plain JSON, without holding up the worker's event loop for long."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from pydantic import JsonValue

from sandbox import messages
from sandbox.calls import Call, ValueAnswer
from sandbox.guest.values import ValueTooLarge, json_text
from seconder.contracts.block_settings import BlockLimits

LARGE: Final = 50_000
"""Bytes; what is parsed and walked at once below that takes some milliseconds."""


async def run[R](apart: bool, work: Callable[[], R]) -> R:  # noqa: FBT001 - reads as "run apart"
    """Do the work; in a thread where it would hold up the worker's event loop for longer than a moment."""
    return await asyncio.to_thread(work) if apart else work()


async def plain_answer(value: JsonValue, max_bytes: int, what: str) -> ValueAnswer:
    """A tool's value as plain JSON. How large it is shows only on the way: a large one is begun again in a thread."""
    try:
        return _plain(value, min(max_bytes, LARGE), what)
    except ValueTooLarge:
        return await asyncio.to_thread(_plain, value, max_bytes, what)


def _plain(value: JsonValue, max_bytes: int, what: str) -> ValueAnswer:
    return ValueAnswer(value=json.loads(json_text(value, max_bytes, what)))


def checked_call(call: messages.SaidCall, limits: BlockLimits) -> Call:
    """A call as the guest made it. Raises Malformed if its arguments are no JSON, or too long."""
    return Call(number=call.number, tool=call.tool, arguments=checked(call.arguments, limits.argument_bytes))


def checked(value: object, max_bytes: int) -> Any:  # noqa: ANN401 - the same JSON as it came
    """What the guest sent, if it is JSON of at most so many bytes. Raises Malformed."""
    try:
        return json.loads(json_text(value, max_bytes, "a value"))
    except ValueError as error:
        raise messages.Malformed(str(error)) from error
