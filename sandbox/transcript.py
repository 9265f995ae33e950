"""What a block printed, bounded on the host whatever the guest sends."""


class Transcript:
    """Collects output and renders it with what was left out said in its place."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._head = bytearray()
        self._tail = ""
        self._beyond = 0
        self._heard_the_rest = False

    def add(self, data: bytes) -> None:
        """Add what came from the guest; what goes beyond the limit is counted only."""
        room = self._max_bytes - len(self._head)
        self._head += data[:room]
        self._beyond += max(0, len(data) - room)

    def keep_back(self, beyond: int, tail: str) -> None:
        """Take note that the guest printed `beyond` more bytes than it sent, and how they ended."""
        self._heard_the_rest = True
        self._beyond = max(self._beyond, beyond)
        self._tail = tail.encode("utf-8", "replace")[-self._max_bytes // 4 :].decode("utf-8", "replace")

    def goes_on(self) -> None:
        """Take note that the guest may print more: what it keeps back from now on is not known yet."""
        self._heard_the_rest = False

    @property
    def truncated(self) -> bool:
        return self._beyond > len(self._tail.encode()) or self._lost_the_rest

    @property
    def _lost_the_rest(self) -> bool:
        # A guest that is killed cannot send the end that it kept.
        return not self._heard_the_rest and len(self._head) >= self._max_bytes - self._max_bytes // 4

    @property
    def text(self) -> str:
        head = self._head.decode("utf-8", "replace")
        if not self.truncated:
            return head + self._tail
        if self._lost_the_rest:
            return f"{head}\n[… output beyond this is lost; limit stdout_bytes={self._max_bytes:,} …]\n"
        total = len(self._head) + self._beyond
        left_out = self._beyond - len(self._tail.encode())
        notice = f"\n[… {left_out:,} of {total:,} bytes of output left out; limit stdout_bytes={self._max_bytes:,} …]\n"
        return head + notice + self._tail
