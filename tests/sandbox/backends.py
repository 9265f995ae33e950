"""The backends that the contract is tested on, and the one table of where they differ from it.

A test of something that a backend does differently is marked with `differs`. On that backend it must then fail, or,
where running it would tell nothing, is reported with the reason; so a difference that is gone is noticed.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from sandbox.backends.eryx import EryxSandbox
from sandbox.protocol import Sandbox
from tests.hyperlight.sandbox import hyperlight

DIFFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "eryx": {},
    "hyperlight": {
        "no_files": "There are no files: no `/workspace`, no mounts, and nothing can be written anywhere.",
        "memory_not_catchable": "Want of memory ends the block; `MemoryError` cannot be caught.",
    },
}
"""Per backend, each difference by its name with what it means for a block; `docs/sandbox.md` shows the same."""


@dataclass(frozen=True)
class Backend:
    """How a backend is made ready for tests, and which module of its guest talks to the host."""

    started: Callable[[Path], AbstractAsyncContextManager[Sandbox]]
    port: str


@asynccontextmanager
async def _eryx(cache: Path) -> AsyncIterator[Sandbox]:
    sandbox = EryxSandbox(cache, warm=2)
    await sandbox.start()
    yield sandbox
    await sandbox.close()


BACKENDS: Final[Mapping[str, Backend]] = {
    "eryx": Backend(started=_eryx, port="eryx_port"),
    "hyperlight": Backend(started=hyperlight, port="hyperlight_port"),
}


def differs(difference: str, *, run: bool = True) -> pytest.MarkDecorator:
    """Marks what is different on the backends that declare this difference."""
    assert any(difference in declared for declared in DIFFERENCES.values()), difference
    return pytest.mark.differs(difference, run=run)


def cases(table: Iterable[str], **differences: str) -> list[object]:
    """The names of a table as parameters; `differences` maps a difference to the one case that it concerns."""
    concerned = {case: difference for difference, case in differences.items()}
    return [pytest.param(name, marks=differs(concerned[name])) if name in concerned else name for name in table]


def expect_differences(items: Iterable[pytest.Item]) -> None:
    """Expect the marked tests to fail on the backends that declare it."""
    for item in items:
        backend = _backend_of(item)
        for mark in item.iter_markers("differs"):
            if reason := DIFFERENCES.get(backend, {}).get(mark.args[0]):
                item.add_marker(pytest.mark.xfail(reason=reason, run=mark.kwargs["run"], strict=True))
        if backend == "hyperlight":
            # The machine in which it is tested takes a while to boot, and everything in it takes its time.
            item.add_marker(pytest.mark.timeout(900))


def _backend_of(item: pytest.Item) -> str:
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return str(parameters.get("sandbox", ""))
