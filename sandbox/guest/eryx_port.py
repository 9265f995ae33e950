"""How the bridge reaches the host out of eryx, which offers a guest no call that waits for an answer.

What the guest writes to its second stream reaches the host at once. The answer comes as a file in a read-only folder;
opening the pipe beside it blocks the guest until the host has written that file and opens the pipe, too. Each exchange
has a pipe of its own: closing one may take effect late, and a pipe that is used again would then let one side through
while the other waits for ever.
"""

import itertools
import os

import _eryx  # type: ignore[import-not-found]

from sandbox.guest import program

_numbers = itertools.count(1)


def _write(data: bytes) -> None:
    _eryx._eryx_report_output(0, data)


def _send(message: str) -> None:
    _eryx._eryx_report_output(1, message.encode())


def _exchange(message: str) -> str:
    number = next(_numbers)
    _send(message)
    os.close(os.open(f"/bridge/gate.{number}", os.O_RDONLY))
    return _read_answer(number)


def _read_answer(number: int) -> str:
    chunks = []
    answer = os.open(f"/bridge/answer.{number}", os.O_RDONLY)
    try:
        while chunk := os.read(answer, 1 << 18):
            chunks.append(chunk)
    finally:
        os.close(answer)
    return b"".join(chunks).decode()


def main() -> None:
    """Run the block whose opening is the answer to nothing."""
    _send(program.run(_read_answer(0), _exchange, _write))
