"""The sandboxes of a code worker: the one that is its default, and those that its agents ask for by name."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Literal, get_args

from sandbox.backends.eryx import EryxSandbox
from sandbox.backends.hyperlight import HyperlightSandbox
from sandbox.helper_process import check_mounts
from sandbox.protocol import Sandbox, SandboxUnavailable
from seconder.agents import Agent
from seconder.contracts.block_settings import SandboxName
from workers.settings import Settings

Backend = Literal["eryx", "hyperlight"]
BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)


@asynccontextmanager
async def sandboxes(
    settings: Settings, agents: Mapping[str, Agent], *, on_progress: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Mapping[SandboxName, Sandbox]]:
    """Start every sandbox that an agent of this worker may need, and close them in the end.

    Raises:
        SandboxUnavailable: one of them does not work on this machine; the message says why.
    """
    for agent in agents.values():
        check_mounts_of(agent)
    wanted = {agent.blocks.sandbox: backend_of(agent, settings) for agent in agents.values()}
    async with AsyncExitStack() as stack:
        started: dict[Backend, Sandbox] = {}
        for backend in sorted(set(wanted.values())):
            started[backend] = sandbox_of(backend, settings, on_progress=on_progress)
            stack.push_async_callback(started[backend].close)
            await started[backend].start()
        yield {name: started[backend] for name, backend in wanted.items()}


def check_mounts_of(agent: Agent) -> None:
    """Raises SandboxUnavailable if a folder of the host that an agent's blocks are to see cannot be shown to them."""
    try:
        check_mounts(agent.blocks.mounts)
    except SandboxUnavailable as error:
        raise SandboxUnavailable(f"agent {agent.name!r}: {error}") from None


def backend_of(agent: Agent, settings: Settings) -> Backend:
    """What runs the blocks of an agent: what it names, or the worker's default."""
    return settings.sandbox if agent.blocks.sandbox == "default" else agent.blocks.sandbox


def sandbox_of(
    backend: Backend,
    settings: Settings,
    *,
    warm: int = 2,
    most: int | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Sandbox:
    """A sandbox of this kind, not started; `warm` and `most` as in `sandbox.pooled.PooledSandbox`."""
    kind: Callable[..., Sandbox] = EryxSandbox if backend == "eryx" else HyperlightSandbox
    return kind(cache=settings.sandbox_cache, warm=warm, most=most, on_progress=on_progress)
