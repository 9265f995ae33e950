"""The backend for machines with KVM or MSHV: a Hyperlight micro-VM for each block, in a helper process of its own.

A block that broke out of WebAssembly would find itself in a virtual machine without devices, whose only exit is the
bridge. Hyperlight cannot stop a guest and lets nothing else in the process run meanwhile; so every limit is kept from
the outside, and ends the process.
"""

import asyncio
import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sandbox.backends.eryx import eryx_version
from sandbox.conversation import Conversation
from sandbox.pool import HelperKind
from sandbox.pooled import PooledSandbox
from sandbox.protocol import Answerer, BlockOutcome, BlockSpec, SandboxUnavailable
from sandbox.runtime import library_of, prepare_runtime

DEVICES = (Path("/dev/kvm"), Path("/dev/mshv"))
_HELPER = Path(__file__).parents[1] / "hyperlight_helper.py"
_PACKAGE = "hyperlight-sandbox-backend-wasm"
_INSTALL = "install it with `uv sync --group hyperlight`"


class HyperlightSandbox(PooledSandbox):
    """Runs blocks in Hyperlight; implements `sandbox.protocol.Sandbox`.

    Its guest lacks most of the standard library, which it gets from the runtime of the default backend below `cache`.
    `warm` helpers (100 MB each) wait for blocks; at most `most` blocks run at once. A helper is killed after
    `blocks_per_helper`; with more than one, its micro-VM is put back to a snapshot from before any block in between,
    which is faster than a new one and trusts Hyperlight alone. `memory_bytes` is what a micro-VM has in all, whatever
    a block may use of it; it is taken from the host as it is touched. One that is not ready within
    `start_seconds` does not work. `on_progress` is told in a sentence about what takes seconds.
    """

    backend = "hyperlight"

    def __init__(
        self,
        cache: Path,
        *,
        warm: int = 2,
        most: int | None = None,
        blocks_per_helper: int = 1,
        memory_bytes: int = 350 * 2**20,
        start_seconds: float = 60.0,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(warm=warm, most=most)
        self._cache = cache
        self._blocks_per_helper = blocks_per_helper
        self._memory_bytes = memory_bytes
        self._start_seconds = start_seconds
        self._on_progress = on_progress

    async def run(self, spec: BlockSpec, answer: Answerer) -> BlockOutcome:
        """Run a block until it ends or suspends; one that needs folders of the host fails."""
        if needed := await asyncio.to_thread(_files_needed, spec):
            return Conversation(spec, answer, recorded_by=self.backend).failed(
                "FilesUnavailable",
                f"Hyperlight shows blocks no folder of the host, and this one needs {needed}; "
                'the agent\'s author can let its blocks run in "eryx"',
            )
        return await super().run(spec.model_copy(update={"workspace": None}), answer)

    async def _prepared(self) -> HelperKind:
        if reason := why_unavailable():
            raise SandboxUnavailable(f"Hyperlight cannot run here: {reason}")
        runtime = await prepare_runtime(self._cache, eryx_version(), self._on_progress)
        renewable = "renewable" if self._blocks_per_helper > 1 else "once"
        return HelperKind(
            script=_HELPER,
            folder=runtime,
            arguments=(str(_program()), str(library_of(runtime)), str(self._memory_bytes), renewable),
            blocks=self._blocks_per_helper,
            start_seconds=self._start_seconds,
        )

    def _ending_for(self, reason: str) -> Literal["exited", "crashed", "out of memory"]:
        if "Out of physical memory" in reason:
            return "out of memory"
        return "crashed" if "Guest aborted" in reason else "exited"

    def _version(self) -> str:
        try:
            return importlib.metadata.version(_PACKAGE)
        except importlib.metadata.PackageNotFoundError as error:
            raise SandboxUnavailable(f"{_PACKAGE} is not installed; {_INSTALL}") from error


def why_unavailable() -> str | None:
    """What is missing for Hyperlight on this machine, and how to mend it; None if nothing is, as far as can be seen.

    A device that is there may still not work, within another virtual machine above all: only a start shows that.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"it needs Linux on x86-64, and this is {platform.system()} on {platform.machine()}"
    if importlib.util.find_spec("hyperlight_sandbox_backend_wasm") is None or _program() is None:
        return f"the package hyperlight-sandbox[wasm,python_guest] is not installed; {_INSTALL}"
    devices = [device for device in DEVICES if device.exists()]
    if not devices:
        return "there is neither /dev/kvm nor /dev/mshv; in a container, hand the host's in (docker run --device)"
    if not any(os.access(device, os.R_OK | os.W_OK) for device in devices):
        return f"this user may not open {devices[0]}; add it to the group that owns the device"
    return None


def _program() -> Path | None:
    """The guest's program where it was installed: importing its package would write a copy into the home folder."""
    found = importlib.util.find_spec("python_guest")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "resources" / "python-sandbox.aot"


def _files_needed(spec: BlockSpec) -> str:
    if spec.mounts:
        return f"the mount {spec.mounts[0].target}"
    try:
        if spec.workspace is not None and any(spec.workspace.iterdir()):
            return "the files of its session, which a block in another sandbox has left"
    except OSError as error:
        raise SandboxUnavailable(f"the workspace {spec.workspace} cannot be used: {error}") from error
    return ""
