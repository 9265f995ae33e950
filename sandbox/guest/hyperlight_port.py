"""How the bridge reaches the host out of a Hyperlight micro-VM, which offers functions of the host that take JSON.

A call of the host may carry 16 KiB and no more, or the guest is lost: what is longer goes in pieces, both ways.
"""

import binascii
import json
import select
from typing import Any, TypedDict

from wit_world.imports import tools  # type: ignore[import-not-found]

_PIECE = 9_000
"""Bytes; in base64 and JSON that stays well below the bound."""
_TOO_LARGE = 64_000


class Found(TypedDict):
    """A module of the library: `code` is what `marshal` made of it, in base64, or else there is its source."""

    path: str
    package: bool
    code: str
    source: str


def _ask(function: str, **arguments: object) -> Any:  # noqa: ANN401 - whatever JSON the host answers
    answer = json.loads(tools.dispatch(function, json.dumps(arguments)))
    if isinstance(answer, dict) and answer.get("stop"):
        # Ends the guest here and now: no handler of the block runs.
        tools.dispatch(function, " " * _TOO_LARGE)
    return answer


def find_module(name: str, *, with_source: bool = False) -> Found | None:
    """A module of the standard library, as the host has it."""
    found: Found | None = _ask("module", name=name, with_source=with_source)
    return found


def _pieces(data: bytes) -> list[str]:
    starts = range(0, max(1, len(data)), _PIECE)
    return [binascii.b2a_base64(data[start : start + _PIECE], newline=False).decode() for start in starts]


def _write(data: bytes) -> None:
    for piece in _pieces(data):
        _ask("output", data=piece)


def _send(message: str) -> Any:  # noqa: ANN401 - the first piece of the answer
    *most, last = _pieces(message.encode())
    for piece in most:
        _ask("message", data=piece, last=False)
    return _ask("message", data=last, last=True)


def _exchange(message: str) -> str:
    return _received(_send(message))


def _received(answer: Any) -> str:  # noqa: ANN401 - as above
    pieces = [answer["text"]]
    while answer["more"]:
        answer = _ask("more")
        pieces.append(answer["text"])
    return "".join(pieces)


def install() -> None:
    """Take away what would end this guest where it is only tried, as `selectors` does while it is imported."""
    del select.poll


def main() -> None:
    """Run the block whose opening waits at the host."""
    # Not at the top: what `program` imports comes through this module.
    from sandbox.guest import program  # noqa: PLC0415

    _exchange(program.run(_received(_ask("opening")), _exchange, _write))
