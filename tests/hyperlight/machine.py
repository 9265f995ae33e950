"""An emulated computer whose processor can host virtual machines, so that what needs /dev/kvm runs where there is none.

QEMU emulates an AMD processor with SVM in software. The machine has no disk and no network: it boots from memory, sees
a few folders of the host read-only, runs one Python module, and talks to the tests over one line.
"""

import asyncio
import contextlib
import shlex
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hyperlight.initrd import initrd
from tests.hyperlight.kernel import prepare_kernel

QEMU = "qemu-system-x86_64"
BUSYBOX = "busybox"
_DYING_WITH_US = ("setpriv", "--pdeathsig", "KILL")
LINE = "/dev/vport0p1"
"""Where the program in the machine finds the line to the tests."""
CHECKOUT = Path(__file__).parents[2]
MAX_MESSAGE = 64 * 2**20

_INIT = """#!/busybox sh
/busybox --install -s /tools
export PATH=/tools
mkdir -p /proc /sys /dev /tmp /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
for module in {modules}; do insmod /modules/$module; done
ln -s usr/bin /bin; ln -s usr/lib /lib; ln -s usr/lib64 /lib64
{mounts}
mkdir -p /tmp/over/new /tmp/over/work
mount -t overlay -o lowerdir={cache},upperdir=/tmp/over/new,workdir=/tmp/over/work overlay {cache}
cd {checkout}
env -i {environment} {python} -P -u -c {start} < /dev/null
echo "the program ended with code $?"
poweroff -f
"""
_START = "import runpy, sys; sys.path.insert(0, '.'); runpy.run_module({module!r}, run_name='__main__')"


@dataclass
class Machine:
    """A running machine; `reader` and `writer` are its line, `console` the file with what it printed."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    console: Path

    def last_words(self) -> str:
        """The end of what the machine printed, for a person who wonders what went wrong."""
        return self.console.read_text(errors="replace")[-2000:]


def why_not() -> str | None:
    """Why no machine can be emulated here; None if one can."""
    missing = [program for program in (QEMU, BUSYBOX, _DYING_WITH_US[0]) if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: qemu-system-x86, busybox-static, util-linux)"
    return None


@asynccontextmanager
async def booted(cache: Path, module: str, environment: Mapping[str, str]) -> AsyncIterator[Machine]:
    """A machine in which `module` of this checkout runs with this environment alone. Raises NoKernel.

    It sees `cache` as it is, and may write over it in its own memory.
    """
    kernel = await asyncio.to_thread(prepare_kernel, cache)
    folders = _folders(cache)
    with tempfile.TemporaryDirectory(prefix="seconder-machine-") as name:
        place = Path(name)
        init = _INIT.format(
            modules=" ".join(path.name for path in kernel.modules),
            mounts="\n".join(_mount(number, folder) for number, folder in enumerate(folders)),
            cache=shlex.quote(str(cache)),
            checkout=shlex.quote(str(CHECKOUT)),
            environment=" ".join(shlex.quote(f"{key}={value}") for key, value in environment.items()),
            python=shlex.quote(sys.executable),
            start=shlex.quote(_START.format(module=module)),
        )
        busybox = Path(shutil.which(BUSYBOX) or BUSYBOX)
        (place / "initrd").write_bytes(initrd(init, busybox, kernel.modules))
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
        server = await asyncio.start_unix_server(
            lambda *line: connected.set_result(line), place / "line", limit=MAX_MESSAGE
        )
        process = await asyncio.create_subprocess_exec(
            *_command(kernel.image, place, folders), stdin=asyncio.subprocess.DEVNULL
        )
        try:
            reader, writer = await asyncio.wait_for(connected, 10)
            try:
                yield Machine(reader, writer, place / "console")
            finally:
                writer.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            server.close()


def _command(image: Path, place: Path, folders: Sequence[Path]) -> list[str]:
    command = [*_DYING_WITH_US, QEMU, "-accel", "tcg,thread=single", "-machine", "q35", "-cpu", "max"]
    command += ["-smp", "1", "-m", "4G"]
    command += ["-nodefaults", "-no-user-config", "-nographic", "-no-reboot"]
    command += ["-kernel", str(image), "-initrd", str(place / "initrd"), "-append", "console=ttyS0 quiet panic=-1"]
    command += ["-serial", f"file:{place / 'console'}"]
    command += ["-chardev", f"socket,id=line,path={place / 'line'}"]
    command += ["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=line,nr=1"]
    for number, folder in enumerate(folders):
        command += ["-virtfs", f"local,path={folder},mount_tag=folder{number},security_model=none,readonly=on"]
    return command


def _folders(cache: Path) -> list[Path]:
    """What the program needs of the host: the system's libraries, Python, its packages, the checkout and the cache."""
    needed = [Path("/usr"), CHECKOUT, cache]
    for prefix in (sys.prefix, sys.base_prefix):
        needed += [Path(prefix), Path(prefix).resolve()]
    return [
        folder
        for number, folder in enumerate(needed)
        if folder not in needed[:number]
        and not any(folder.is_relative_to(other) for other in needed if other != folder)
    ]


def _mount(number: int, folder: Path) -> str:
    target = shlex.quote(str(folder))
    options = "trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro"
    return f"mkdir -p {target} && mount -t 9p -o {options} folder{number} {target}"
