"""The first file system of the emulated machine: a cpio archive, as Linux unpacks it into memory while it boots."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

_FOLDERS = ("modules", "tools")


def initrd(init: str, busybox: Path, modules: Sequence[Path]) -> bytes:
    """An archive with the program `init`, a static busybox at /busybox and the kernel's modules in /modules."""
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in _FOLDERS]
    entries += [("init", stat.S_IFREG | 0o755, init.encode()), ("busybox", stat.S_IFREG | 0o755, busybox.read_bytes())]
    entries += [(f"modules/{path.name}", stat.S_IFREG | 0o644, path.read_bytes()) for path in modules]
    return b"".join(_archived([*entries, ("TRAILER!!!", 0, b"")]))


def _archived(entries: Sequence[tuple[str, int, bytes]]) -> Iterator[bytes]:
    """The entries in cpio's `newc` format: thirteen hexadecimal fields, name and data, each padded to four bytes."""
    for number, (name, mode, data) in enumerate(entries, 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        header = "070701" + "".join(f"{field:08X}" for field in fields)
        yield _padded(header.encode() + name.encode() + b"\0")
        yield _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
