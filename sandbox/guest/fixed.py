"""Clock and dice of the guest, fixed by the journal: every run of a block sees the same times and the same numbers.

The clock stands still except that each reading moves it by a microsecond (so that no measured duration is zero), a
sleep moves it by its length, and an answer moves it to the time at which it was given. Nothing ever really sleeps.
"""

import datetime
import gc
import os
import random
import sys
import time
from collections.abc import Callable

_READING_NS = 1_000
_SECOND_NS = 1_000_000_000


class _Clock:
    def __init__(self) -> None:
        self.now_ns = 0
        self.started_ns = 0

    def read(self) -> int:
        self.now_ns += _READING_NS
        return self.now_ns

    def elapsed(self) -> int:
        return self.read() - self.started_ns

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.now_ns += int(seconds * _SECOND_NS)


_clock = _Clock()
_entropy = random.Random()  # noqa: S311 - predictable on purpose
_seed_generator = random.Random.seed


def fix(seed: str, started_ns: int) -> None:
    """Set clock and dice for the block that is about to run."""
    _clock.now_ns = _clock.started_ns = started_ns
    _seed_generator(_entropy, f"entropy:{seed}")
    random.seed(f"random:{seed}")


def sleep(seconds: float) -> None:
    """Move the clock by the length of a sleep."""
    _clock.sleep(seconds)


def advance_to(now_ns: int) -> None:
    """Move the clock forward to the time of an answer; it never goes back."""
    _clock.now_ns = max(_clock.now_ns, now_ns)


def _seed(self: random.Random, a: int | float | str | bytes | bytearray | None = None, version: int = 2) -> None:
    _seed_generator(self, int.from_bytes(_urandom(32)) if a is None else a, version)


def _urandom(size: int, /) -> bytes:
    return _entropy.randbytes(size)


def _now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    return cls.fromtimestamp(_clock.read() / _SECOND_NS, tz)


def _utcnow(cls: type[datetime.datetime]) -> datetime.datetime:
    return cls.fromtimestamp(_clock.read() / _SECOND_NS, datetime.UTC).replace(tzinfo=None)


def _defaulting[R](convert: Callable[[float], R]) -> Callable[..., R]:
    def converted(seconds: float | None = None) -> R:
        return convert(_clock.read() / _SECOND_NS if seconds is None else seconds)

    return converted


def _gettime_ns(clock: int, /) -> int:
    return _clock.read() if clock == getattr(time, "CLOCK_REALTIME", 0) else _clock.elapsed()


def _gettime(clock: int, /) -> float:
    return _gettime_ns(clock) / _SECOND_NS


def install() -> None:
    """Replace the interpreter's sources of time and chance; done once, before any block is known."""
    local = time.localtime
    form, text = time.strftime, time.asctime
    replacements: dict[str, object] = {
        "time": lambda: _clock.read() / _SECOND_NS,
        "time_ns": _clock.read,
        "sleep": _clock.sleep,
        "gmtime": _defaulting(time.gmtime),
        "localtime": _defaulting(time.localtime),
        "ctime": _defaulting(time.ctime),
        "strftime": lambda format, t=None: form(format, local(_clock.read() / _SECOND_NS) if t is None else t),  # noqa: A006
        "asctime": lambda t=None: text(local(_clock.read() / _SECOND_NS) if t is None else t),
    }
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        replacements[name] = lambda: _clock.elapsed() / _SECOND_NS
        replacements[f"{name}_ns"] = _clock.elapsed
    # Each platform has some of these.
    for name, clock in (("clock_gettime", _gettime), ("clock_gettime_ns", _gettime_ns)):
        if hasattr(time, name):
            replacements[name] = clock
    for name, replacement in replacements.items():
        setattr(time, name, replacement)

    os.urandom = _urandom
    random._urandom = _urandom  # type: ignore[attr-defined]
    random.Random.seed = _seed  # type: ignore[method-assign]

    # datetime is written in C and reads the clock itself. Its class cannot be replaced without changing what
    # isinstance and pickle see, so its two methods are, in the dictionary behind the read-only view.
    methods = next(entry for entry in gc.get_referents(datetime.datetime.__dict__) if isinstance(entry, dict))
    methods["now"] = classmethod(_now)
    methods["utcnow"] = classmethod(_utcnow)
    sys._clear_internal_caches()  # type: ignore[attr-defined]
