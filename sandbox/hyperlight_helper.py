"""The child process in which one block runs in a Hyperlight micro-VM; see `helper.py` for what helpers have in common.

Its further arguments are the guest's program, the standard library, the memory of the micro-VM in bytes, and whether
it is to be `renewable`. While the guest computes, no other thread of
this process runs: only the kernel can end it.
"""

import base64
import ctypes
import fcntl
import functools
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

# Its own folder is not on the path of a script that runs isolated.
sys.path.insert(0, str(Path(__file__).parents[1]))

from sandbox.channel import PRELOADED, Channel, bootstrap

# In the order of their imports.
BEFORE_THE_LIBRARY = ("hyperlight_port", "library")
GUEST_MODULES = ("values", "style", "fixed", "output", "bridge", "loop", "program")
INSTALLED = ("fixed", "loop")
ABOUT = (
    "import sys\nfrom _frozen_importlib_external import MAGIC_NUMBER\nprint(sys.version.split()[0], MAGIC_NUMBER.hex())"
)
HEAP = "25Mi"

_LARGEST_MESSAGE = 8 * 2**20
_PIECE = 250_000
"""Characters of an answer that cross at once; Hyperlight takes a million bytes."""
_UNUSABLE = frozenset({"ssl"})
"""Its built-in half is missing: compiling the rest, only to fail, would take longer than most blocks."""
_PYC_HEADER = 16
_PR_SET_PDEATHSIG = 1


class Piece(TypedDict):
    """A part of what the guest is told, whether there is more, and whether its block is over."""

    text: str
    more: bool
    stop: bool


class Module(TypedDict):
    """A module of the library; `code` is what `marshal` made of it, in base64, or empty."""

    path: str
    package: bool
    code: str
    source: str


class Host:
    """The functions that the guest may call, by their names; what they are called with is the block's to choose."""

    def __init__(self, channel: Channel, library: Path) -> None:
        self._channel = channel
        self._library = library
        self._message = bytearray()
        self._answer = ""
        self._opening = ""
        self.magic = b""
        self.stopped = False

    def begin(self, opening: bytes) -> None:
        """Serve a block."""
        self._opening = opening.decode()
        self._message.clear()
        self.stopped = False

    def opening(self) -> Piece:
        """What the guest reads first."""
        self._answer = self._opening
        return self.more()

    def output(self, data: str) -> None:
        """Take a piece of output."""
        self._channel.send(b"o", base64.b64decode(data))

    def message(self, data: str, last: bool) -> Piece | None:  # noqa: FBT001 - arguments come by their names
        """Take a piece of a message; with the last one, pass the message on and wait for the worker's answer."""
        self._message += base64.b64decode(data)
        # One that is too large is for the worker to refuse, before this process is.
        if not last and len(self._message) <= _LARGEST_MESSAGE:
            return None
        self._channel.send(b"m", bytes(self._message))
        self._message.clear()
        self._answer = self._channel.receive().decode()
        self.stopped = not self._answer
        return self.more()

    def more(self) -> Piece:
        """The next piece of the answer."""
        text, self._answer = self._answer[:_PIECE], self._answer[_PIECE:]
        return Piece(text=text, more=bool(self._answer), stop=self.stopped)

    def module(self, name: str, with_source: bool) -> Module | None:  # noqa: FBT001 - as above
        """A module of the standard library, which is no secret; None if there is none of this name."""
        parts = name.split(".")
        if name in _UNUSABLE or not all(part.isascii() and part.isidentifier() for part in parts):
            return None
        file = self._library.joinpath(*parts, "__init__.py")
        package = file.is_file()
        if not package:
            file = self._library.joinpath(*parts[:-1], f"{parts[-1]}.py")
        if not file.is_file():
            return None
        code = b"" if with_source else self._compiled(file)
        return Module(
            path=f"/python-stdlib/{file.relative_to(self._library)}",
            package=package,
            code=base64.b64encode(code).decode(),
            source="" if code else file.read_text(),
        )

    def _compiled(self, file: Path) -> bytes:
        """What the guest's own version of Python made of a file, if that is there."""
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
            content = compiled.read_bytes()
            if content.startswith(self.magic):
                return content[_PYC_HEADER:]
        return b""


def guarded(host: Host, function: Callable[..., object]) -> Callable[..., object]:
    """A function for the guest, which is not told what goes wrong in this process, and nothing after its block."""

    @functools.wraps(function)
    def call(**arguments: object) -> object:
        if host.stopped:
            raise PermissionError("the block is over")
        try:
            return function(**arguments)
        except Exception:  # noqa: BLE001 - whatever a block may bring about
            raise ValueError("the host cannot do this") from None

    return call


def run(guest: Any, source: str) -> str:  # noqa: ANN401 - the package has no types
    """What `source` prints in the guest."""
    done = guest.run(source)
    if done.exit_code != 0:
        raise RuntimeError(f"the guest cannot be made ready: {done.stderr[-1000:]}")
    return str(done.stdout)


def main(folder: Path, program: Path, library: Path, memory_bytes: int, *, renewable: bool) -> None:
    """Make a guest ready, then run one block in it; or several, with the guest put back in between."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Says to those who sweep up that this folder is in use.
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    channel = Channel(folder)
    channel.die_with_worker()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    host = Host(channel, library)
    try:
        backend = importlib.import_module("hyperlight_sandbox_backend_wasm")
        guest = backend.WasmSandbox(module_path=str(program), heap_size=HEAP, stack_size=f"{memory_bytes // 2**20}Mi")
        for function in (host.opening, host.output, host.message, host.more, host.module):
            guest.register_tool(function.__name__, guarded(host, function))
        version, magic = run(guest, ABOUT).split()
        host.magic = bytes.fromhex(magic)
        run(guest, bootstrap(BEFORE_THE_LIBRARY, preloaded=(), installed=BEFORE_THE_LIBRARY))
        run(guest, bootstrap(GUEST_MODULES, preloaded=PRELOADED, installed=INSTALLED))
        fresh = guest.snapshot() if renewable else None
    except Exception as error:  # noqa: BLE001 - the worker tells it to whoever can mend it
        first_line = str(error).partition("\n")[0][:300]
        hint = "as in most virtual machines, which are given none of their own"
        channel.send(b"x", f"a micro-VM does not get ready, {hint} ({type(error).__name__}: {first_line})".encode())
        return
    channel.send(b"r", version.encode())

    while True:
        # The limit on memory is kept by the worker: all that the guest may ever use is its own already.
        channel.receive()
        channel.send(b"b")
        host.begin(channel.receive())
        reason = ending_of(guest)
        if not host.stopped:
            channel.send(b"x", reason)
            channel.receive()
        guest.restore(fresh)
        channel.send(b"r", version.encode())


def ending_of(guest: Any) -> bytes:  # noqa: ANN401 - the package has no types
    """Run the block; returns how the guest ended, which is for the worker to judge."""
    try:
        return str(guest.run("sys.modules['sandbox.guest.hyperlight_port'].main()").stderr).encode()[-2000:]
    except Exception as error:  # noqa: BLE001 - as above
        return str(error).partition("\n")[0].encode()[:2000]


if __name__ == "__main__":
    _, _folder, _, _, _program, _library, _memory, _renewable = sys.argv
    main(Path(_folder), Path(_program), Path(_library), int(_memory), renewable=_renewable == "renewable")
