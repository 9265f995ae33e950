"""What there is to steal and to break on the host while attempts run, and whether it was."""

import asyncio
import os
import platform
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "SECONDER_TEST_TOKEN"
CHECKOUT = Path(__file__).parents[3]


@dataclass
class Planted:
    """A token in a file, in a variable and in a file of another session; servers; a process; a folder to write to."""

    folder: Path
    port: int
    canary: asyncio.subprocess.Process
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    intrusions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outside.mkdir()
        self.others.mkdir()
        self.token_file.write_text(self.token)
        (self.others / "notes.txt").write_text(self.token)

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    @property
    def token_file(self) -> Path:
        return self.outside / "token.txt"

    @property
    def others(self) -> Path:
        """The workspace of another session."""
        return self.folder / "others"

    def names(self) -> str:
        """Source that tells a program where everything is: the attacker knows it all but the token."""
        told = {
            "TOKEN_FILE": str(self.token_file),
            "OUTSIDE": str(self.outside),
            "OTHERS": str(self.others),
            "VARIABLE": VARIABLE,
            "PORT": self.port,
            "UNIX": str(self.folder / "listening"),
            "CANARY": self.canary.pid,
            "WORKER": os.getpid(),
            "HOST": platform.node(),
            "HOME": str(Path.home()),
            "CHECKOUT": str(CHECKOUT),
        }
        return "".join(f"{name} = {value!r}\n" for name, value in told.items())

    def check(self) -> None:
        """Nothing was changed, nobody connected and nobody was ended. Raises AssertionError."""
        assert self.intrusions == []
        assert {path.name: path.read_text() for path in self.outside.iterdir()} == {"token.txt": self.token}
        assert {path.name: path.read_text() for path in self.others.iterdir()} == {"notes.txt": self.token}
        assert {path.name for path in self.folder.iterdir()} <= {"outside", "others", "listening", "sessions"}
        assert os.environ[VARIABLE] == self.token
        assert self.canary.returncode is None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, intrusions: list[str]) -> None:
        self._intrusions = intrusions

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._intrusions.append(f"a datagram from {addr}")


@asynccontextmanager
async def planted_in(folder: Path) -> AsyncIterator[Planted]:
    """Everything planted below a folder, with servers on loopback and a process that waits."""
    intrusions: list[str] = []

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        intrusions.append(f"a connection to {writer.get_extra_info('sockname')}")
        writer.close()

    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    local = await asyncio.start_unix_server(connected, folder / "listening")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", port))
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(intrusions), sock=datagrams)
        canary = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", "import sys; sys.stdin.read()"), stdin=asyncio.subprocess.PIPE
        )
        planted = Planted(folder, port, canary, intrusions=intrusions)
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = planted.token
        try:
            yield planted
        finally:
            del os.environ[VARIABLE]
            if before is not None:
                os.environ[VARIABLE] = before
            for listening in (server, local):
                listening.close()
                await listening.wait_closed()
            transport.close()
            if canary.returncode is None:
                canary.kill()
            await canary.wait()
