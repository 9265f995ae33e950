"""A helper process's line to the worker, and the sources of what its guest needs before any block.

Frames from the worker are a length and the bytes: the memory limit, the opening, then replies. Frames to the worker
have a letter before the length: `r` ready, `b` bounded, `o` output, `m` message of the guest, `x` the guest is gone
(with the reason).
"""

import contextlib
import os
import select
import shutil
import signal
import struct
import threading
from pathlib import Path
from typing import NoReturn

GUEST = Path(__file__).parent / "guest"
PRELOADED = (
    *("collections", "csv", "dataclasses", "datetime", "decimal", "enum", "functools", "itertools", "json"),
    *("math", "random", "re", "statistics", "string", "textwrap", "typing"),
)


class Channel:
    """Frames to and from the worker over this process's own standard streams, which the guest must not reach."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._in = os.dup(0)
        self._out = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        frame = kind + struct.pack(">I", len(payload)) + payload
        while frame:
            frame = frame[os.write(self._out, frame) :]

    def receive(self) -> bytes:
        (size,) = struct.unpack(">I", self._read(4))
        return self._read(size)

    def die_with_worker(self) -> None:
        """End this process when the worker is gone, however it went: its end of the pipe closes."""

        def watch() -> None:
            poll = select.poll()
            poll.register(self._in, 0)
            poll.poll()
            self._die()

        threading.Thread(target=watch, daemon=True).start()

    def _die(self) -> NoReturn:
        for folder in self._folders:
            # What a block nested too deeply is left for the next worker to sweep up.
            with contextlib.suppress(RecursionError):
                shutil.rmtree(folder, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit

    def _read(self, size: int) -> bytes:
        chunks = []
        while size:
            chunk = os.read(self._in, min(size, 1 << 20))
            if not chunk:
                self._die()
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


def bootstrap(modules: tuple[str, ...], *, preloaded: tuple[str, ...], installed: tuple[str, ...]) -> str:
    """Source that makes these modules of `sandbox.guest` in a guest, without a file of the host.

    They are made in their order, which must be that of their imports. Further modules are `preloaded`; those that are
    `installed` have a function of that name, which is called in the end.
    """
    sources = {name: (GUEST / f"{name}.py").read_text() for name in modules}
    return f"""
import importlib, sys, types
for package in ("sandbox", "sandbox.guest"):
    if package not in sys.modules:
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = []
for name, source in {sources!r}.items():
    module = types.ModuleType("sandbox.guest." + name)
    sys.modules[module.__name__] = module
    setattr(sys.modules["sandbox.guest"], name, module)
    exec(compile(source, "<seconder>/" + name + ".py", "exec"), module.__dict__)
for name in {preloaded!r}:
    importlib.import_module(name)
for name in {installed!r}:
    sys.modules["sandbox.guest." + name].install()
"""
