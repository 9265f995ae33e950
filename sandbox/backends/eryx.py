"""The default backend: CPython compiled to WebAssembly, one guest in one helper process for each block.

Needs no KVM, no root and no container.
"""

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

from sandbox.helper_process import HelperKind
from sandbox.pooled import PooledSandbox
from sandbox.protocol import SandboxUnavailable
from sandbox.runtime import prepare_runtime

_HELPER = Path(__file__).parents[1] / "helper.py"


class EryxSandbox(PooledSandbox):
    """Runs blocks in eryx; implements `sandbox.protocol.Sandbox`.

    `cache` is a folder of this user's for the unpacked runtime (60 MB, made once per version). `warm` helpers (140 MB
    each, most of it shared) wait for blocks; at most `most` blocks run at once. `on_progress` is told in a sentence
    about what takes seconds.
    """

    backend = "eryx"

    def __init__(
        self,
        cache: Path,
        *,
        warm: int = 2,
        most: int | None = None,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(warm=warm, most=most)
        self._cache = cache
        self._on_progress = on_progress

    async def _prepared(self) -> HelperKind:
        runtime = await prepare_runtime(self._cache, self._version(), self._on_progress)
        return HelperKind(
            script=_HELPER, folder=runtime, environment={"TMPDIR": str(runtime), "TOKIO_WORKER_THREADS": "2"}
        )

    def _version(self) -> str:
        return eryx_version()


def eryx_version() -> str:
    """The version of eryx that is installed. Raises SandboxUnavailable if none is."""
    try:
        return importlib.metadata.version("pyeryx")
    except importlib.metadata.PackageNotFoundError as error:
        raise SandboxUnavailable("pyeryx is not installed; `uv sync` installs it") from error
