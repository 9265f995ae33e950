"""How the bridge reaches the host out of eryx, which offers a guest no call that waits for an answer.

What the guest writes to its second stream reaches the host at once. The answer comes as a file in a read-only folder;
opening the pipe beside it blocks the guest until the host has written that file and opens the pipe, too.
"""

import itertools
import os

import _eryx  # type: ignore[import-not-found]

from sandbox.guest import program

_GATE = "/bridge/gate"
_ANSWER = "/bridge/answer"
_numbers = itertools.count(1)


def _write(data: bytes) -> None:
    _eryx._eryx_report_output(0, data)


def _send(message: str) -> None:
    _eryx._eryx_report_output(1, message.encode())


def _exchange(message: str) -> str:
    _send(message)
    expected = next(_numbers)
    while True:
        # The host may still hold the pipe open from the last answer: then this does not block, and the number is old.
        os.close(os.open(_GATE, os.O_RDONLY))
        number, _, text = _read_answer().partition("\n")
        if number == str(expected):
            return text


def _read_answer() -> str:
    chunks = []
    answer = os.open(_ANSWER, os.O_RDONLY)
    try:
        while chunk := os.read(answer, 1 << 18):
            chunks.append(chunk)
    finally:
        os.close(answer)
    return b"".join(chunks).decode()


def main() -> None:
    """Run the block whose opening lies in the answer file."""
    _, _, opening = _read_answer().partition("\n")
    _send(program.run(opening, _exchange, _write))
