"""What the block prints: the first part goes out at once, of the rest the end is kept.

Both are bounded here, in the guest, so that a hundred megabytes of output cost the host nothing.
"""

import io
import sys
from collections.abc import Buffer, Callable

_CHUNK = 1 << 16


class _Bytes(io.RawIOBase):
    """Counts and bounds; `send` takes what still fits into the head."""

    def __init__(self) -> None:
        self.send: Callable[[bytes], None] = lambda _: None
        self.head_left = 0
        self.tail_size = 0
        self.tail = bytearray()
        self.beyond = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        data = bytes(data)
        size, now = len(data), min(len(data), self.head_left)
        if now:
            self.head_left -= now
            self.send(data[:now])
        if now < size:
            self.beyond += size - now
            self.tail += data[max(now, size - self.tail_size) :]
            if len(self.tail) > 4 * self.tail_size:
                del self.tail[: -self.tail_size]
        return size


class _Text(io.TextIOBase):
    """Encodes in pieces: io.TextIOWrapper would make a second copy of whatever is printed."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, buffer: _Bytes) -> None:
        self.buffer = buffer

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if len(text) <= _CHUNK:
            self.buffer.write(text.encode("utf-8", "replace"))
        else:
            for start in range(0, len(text), _CHUNK):
                self.write(text[start : start + _CHUNK])
        return len(text)


_output = _Bytes()


def open_output(send: Callable[[bytes], None], max_bytes: int) -> None:
    """Make stdout and stderr one stream into `send`: three quarters of `max_bytes` at once, the rest kept.

    There is nothing to read from stdin.
    """
    _output.send = send
    _output.tail_size = max_bytes // 4
    _output.head_left = max_bytes - _output.tail_size
    sys.stdout = sys.stderr = _Text(_output)
    # Nobody is there to ask; and where a backend has no input at all, a read of it would never return.
    nothing = io.StringIO("")
    vars(sys).update(stdin=nothing, __stdin__=nothing)


def kept_back() -> tuple[int, str] | None:
    """How many bytes were not sent, and the last of them as text; None if all were sent."""
    if not _output.beyond:
        return None
    return _output.beyond, bytes(_output.tail[-_output.tail_size :]).decode("utf-8", "replace")
