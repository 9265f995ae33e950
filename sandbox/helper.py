"""The child process in which one block runs: it holds a guest and carries messages between it and the worker.

Run as a script with a cleared environment. Its arguments are the folder of the bridge, that of the workspace, and the
mounts as a JSON list. It knows no tool, no journal and no secret, and dies as soon as the worker's end of its
input closes.
"""

import fcntl
import json
import os
import resource
import sys
from pathlib import Path

# Its own folder is not on the path of a script that runs isolated.
sys.path.insert(0, str(Path(__file__).parents[1]))

from sandbox.channel import PRELOADED, Channel, bootstrap

# In the order of their imports.
GUEST_MODULES = ("values", "style", "fixed", "output", "bridge", "loop", "files", "program", "eryx_port")
INSTALLED = ("fixed", "loop", "files")


class Gate:
    """Where the guest waits for an answer; see `guest/eryx_port.py`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._answered = 0
        os.mkfifo(self._pipe(1), 0o600)

    def put(self, text: bytes) -> None:
        """Leave what the guest reads first."""
        self._file(0).write_bytes(text)

    def answer(self, text: bytes) -> None:
        """Answer the guest's next exchange, and wait until it has come for it."""
        self._answered += 1
        number = self._answered
        self._file(number).write_bytes(text)
        os.mkfifo(self._pipe(number + 1), 0o600)
        os.close(os.open(self._pipe(number), os.O_WRONLY))
        self._pipe(number).unlink()
        # By now the guest has read the answer before this one.
        self._file(number - 1).unlink()

    def _pipe(self, number: int) -> Path:
        return self._folder / f"gate.{number}"

    def _file(self, number: int) -> Path:
        return self._folder / f"answer.{number}"


def bound_memory(max_bytes: int) -> None:
    """Let the kernel refuse the guest more memory than this, beyond what this process has now.

    The guest's memory lies in a reservation of terabytes, so that its address space says nothing. Only what was made
    writable counts here, and a refusal reaches the block as a MemoryError.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmData:"))
    used = int(line.split()[1]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + max_bytes, resource.RLIM_INFINITY))


def main(folder: Path, workspace: Path, mounts: list[tuple[str, str, bool]]) -> None:
    """Make a guest ready, then run one block in it. A mount is a source, a target and whether it is read-only."""
    # Says to those who sweep up that this folder is in use.
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    channel = Channel(folder, workspace)
    channel.die_with_worker()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import eryx  # noqa: PLC0415 - a failure to import it is told to the worker

        gate = Gate(folder)

        def carry(message: bytes) -> None:
            channel.send(b"m", message)
            gate.answer(channel.receive())

        guest = eryx.Session(
            on_stdout=lambda text: channel.send(b"o", text),
            on_stderr=carry,
            volumes=[(str(folder), "/bridge", True), (str(workspace), "/workspace", False), *mounts],
            # In this process's memory, and bounded with it.
            vfs_mount_path="/tmp",  # noqa: S108 - the guest's own
        )
        guest.execute(bootstrap(GUEST_MODULES, preloaded=PRELOADED, installed=INSTALLED))
    except Exception as error:  # noqa: BLE001 - the worker tells it to whoever can mend it
        channel.send(b"x", f"{type(error).__name__}: {error}".encode())
        return
    channel.send(b"r", guest.execute("import sys\nresult = sys.version.split()[0]").result.encode())

    bound_memory(int(channel.receive()))
    channel.send(b"b")
    gate.put(channel.receive())
    try:
        guest.execute("sys.modules['sandbox.guest.eryx_port'].main()")
    except Exception as error:  # noqa: BLE001 - how a guest ends is for the worker to judge
        channel.send(b"x", f"{type(error).__name__}: {error}".encode()[:2000])
    else:
        channel.send(b"x")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [tuple(mount) for mount in json.loads(sys.argv[3])])
