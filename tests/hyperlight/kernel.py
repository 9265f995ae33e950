"""The Linux kernel that the emulated machine boots: Debian's own, fetched once and kept in the cache folder.

The host's kernel would not do: it is often not readable, not there at all in a container, or built without the modules
that are needed here.
"""

import hashlib
import lzma
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

META_PACKAGE = "linux-image-amd64"
WANTED = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", "kvm-amd")
"""Modules for the bus, the line to the tests, folders of the host, writing over them in memory, and for /dev/kvm."""


@dataclass(frozen=True)
class Kernel:
    """A kernel image and its modules, in the order in which they must be loaded."""

    image: Path
    modules: tuple[Path, ...]


class NoKernel(Exception):  # noqa: N818 - a reason, which the tests are skipped with
    """The kernel cannot be had here; the message says why."""


def prepare_kernel(cache: Path) -> Kernel:
    """The kernel, from the cache or from Debian's archive. Raises NoKernel."""
    # Whoever wants other modules gets another folder.
    kernels = cache / "kernels" / hashlib.sha256(" ".join(WANTED).encode()).hexdigest()[:12]
    kept = sorted(kernels.glob("linux-image-*"))
    folder = kept[-1] if kept else _fetch(kernels)
    return Kernel(image=folder / "vmlinuz", modules=_in_loading_order(folder))


def _fetch(kernels: Path) -> Path:
    for program in ("apt-cache", "apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise NoKernel(f"{program} is missing, through which a kernel to boot comes from Debian's archive")
    depends = _output("apt-cache", "depends", META_PACKAGE)
    package = re.search(r"Depends: (linux-image-\S+)", depends)
    if package is None:
        raise NoKernel(f"apt knows no package {META_PACKAGE}; `apt-get update` may help")
    kernels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kernels, prefix="unfinished-") as name:
        unfinished = Path(name)
        _output("apt-get", "download", package[1], cwd=unfinished)
        (archive,) = unfinished.glob("*.deb")
        contents = unfinished / "contents.tar"
        _output("sh", "-c", 'dpkg-deb --fsys-tarfile "$0" > "$1"', str(archive), str(contents))
        finished = unfinished / package[1]
        _unpack(contents, finished)
        # Another run of the tests may have been faster.
        if not (kernels / package[1]).exists():
            finished.rename(kernels / package[1])
    return kernels / package[1]


def _unpack(contents: Path, folder: Path) -> None:
    """Write `vmlinuz`, the wanted modules and all that they depend on into `folder`."""
    folder.mkdir()
    with tarfile.open(contents) as tar:
        members = {_module_name(member.name): member for member in tar if ".ko" in Path(member.name).name}
        image = next(member for member in tar if Path(member.name).name.startswith("vmlinuz-"))
        (folder / "vmlinuz").write_bytes(_read(tar, image))
        missing = [_underscored(name) for name in WANTED]
        while missing:
            name = missing.pop()
            target = folder / f"{name}.ko"
            # One that is not there is built into the kernel.
            if name in members and not target.exists():
                target.write_bytes(_read(tar, members[name]))
                missing += _dependencies(target)


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise NoKernel(f"{member.name} is no file in Debian's kernel package")
    data = file.read()
    return lzma.decompress(data) if member.name.endswith(".xz") else data


def _in_loading_order(folder: Path) -> tuple[Path, ...]:
    ordered: list[Path] = []

    def add(name: str) -> None:
        module = folder / f"{name}.ko"
        if module.exists() and module not in ordered:
            for needed in _dependencies(module):
                add(needed)
            ordered.append(module)

    for name in WANTED:
        add(_underscored(name))
    return tuple(ordered)


def _dependencies(module: Path) -> list[str]:
    found = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [_underscored(name) for name in found[1].decode().split(",") if name] if found else []


def _module_name(path: str) -> str:
    return _underscored(Path(path).name.split(".ko")[0])


def _underscored(name: str) -> str:
    return name.replace("-", "_")


def _output(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 - ours alone
    if done.returncode != 0:
        raise NoKernel(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")
    return done.stdout
