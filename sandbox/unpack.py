"""Child script: let eryx unpack its runtime below TMPDIR, then compile the library modules that blocks import.

The runtime comes without compiled modules, and a guest that compiles `statistics` and what it imports takes a tenth of
a second. A fresh guest compiles them here once, for itself: its bytecode is that of its own version of Python.
"""

import base64
import tempfile
from pathlib import Path

import eryx

# fmt: off
MODULES = [
    "argparse", "base64", "bisect", "calendar", "cmath", "collections", "configparser", "contextlib", "copy",
    "csv", "dataclasses", "datetime", "decimal", "difflib", "email.message", "enum", "fractions", "functools",
    "graphlib", "hashlib", "heapq", "hmac", "html", "html.parser", "http", "inspect", "io", "ipaddress",
    "itertools", "json", "keyword", "locale", "logging", "math", "numbers", "operator", "pathlib", "pickle",
    "pprint", "queue", "random", "re", "reprlib", "secrets", "shlex", "sqlite3", "statistics", "string",
    "struct", "tempfile", "textwrap", "threading", "time", "timeit", "tokenize", "traceback", "types",
    "typing", "unicodedata", "unittest", "urllib.parse", "urllib.request", "uuid", "warnings", "weakref",
    "xml.etree.ElementTree", "zipfile", "zoneinfo",
]
# fmt: on

COMPILE = f"""
import base64, contextlib, importlib.util, marshal, os, sys
for name in {MODULES!r}:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
result = {{"magic": base64.b64encode(importlib.util.MAGIC_NUMBER).decode(), "tag": sys.implementation.cache_tag}}
for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None) or ""
    if path.startswith("/python-stdlib/") and path.endswith(".py") and os.path.exists(path):
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        result[path] = base64.b64encode(marshal.dumps(code)).decode()
"""


def main() -> None:
    """Unpack and compile."""
    compiled = eryx.Session().execute(COMPILE).result
    magic, tag = base64.b64decode(compiled.pop("magic")), compiled.pop("tag")
    library = Path(tempfile.gettempdir()) / "eryx-embedded" / "python-stdlib"
    # Bit 0 without bit 1: found by the hash of nothing, never compared with the source, which nobody changes.
    header = magic + (1).to_bytes(4, "little") + bytes(8)
    for guest_path, code in compiled.items():
        source = library / Path(guest_path).relative_to("/python-stdlib")
        target = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(header + base64.b64decode(code))


if __name__ == "__main__":
    main()
