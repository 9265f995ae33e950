"""The standard library for an interpreter that brings its built-in modules, and of those written in Python only a few.

What is not found otherwise is asked of the host, which has the library of the same version of Python, compiled.
"""

import binascii
import marshal
import sys
import types
from collections.abc import Sequence
from typing import Any

from sandbox.guest.hyperlight_port import Found, find_module

_Spec: Any = type(sys.__spec__)
"""`importlib.machinery.ModuleSpec`; that module would itself have to be found."""


class _Loader:
    def __init__(self, found: Found) -> None:
        self._found: Found | None = found

    def create_module(self, spec: object) -> None:
        """The usual kind of module."""

    def exec_module(self, module: types.ModuleType) -> None:
        # What was run need not be kept a second time.
        found, self._found = self._found or find_module(module.__name__), None
        if found is None:
            raise ImportError(f"the host has no module {module.__name__} any more", name=module.__name__)
        if found["code"]:
            code = marshal.loads(binascii.a2b_base64(found["code"]))  # noqa: S302 - the host made it
        else:
            code = compile(found["source"], found["path"], "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is how a module is loaded

    def get_source(self, name: str) -> str | None:
        """For tracebacks that pass through the library."""
        found = find_module(name, with_source=True)
        return found["source"] if found else None


class _Library:
    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> object:
        found = find_module(name)
        if found is None:
            return None
        spec = _Spec(name, _Loader(found), origin=found["path"], is_package=found["package"])
        spec.has_location = True
        return spec


def install() -> None:
    """Look for modules on the host after everywhere else."""
    finder: Any = _Library()
    sys.meta_path.append(finder)
