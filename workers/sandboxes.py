"""The sandboxes of a code worker: the one that is its default, and those that its agents ask for by name."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

from sandbox.backends.eryx import EryxSandbox
from sandbox.backends.hyperlight import HyperlightSandbox
from sandbox.protocol import Sandbox
from seconder.agents import Agent
from seconder.contracts.block_settings import SandboxName
from workers.settings import Settings

Backend = Literal["eryx", "hyperlight"]


@asynccontextmanager
async def sandboxes(
    settings: Settings, agents: Mapping[str, Agent], *, on_progress: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Mapping[SandboxName, Sandbox]]:
    """Start every sandbox that an agent of this worker may need, and close them in the end.

    Raises:
        SandboxUnavailable: one of them does not work on this machine; the message says why.
    """
    wanted: dict[SandboxName, Backend] = {
        agent.blocks.sandbox: settings.sandbox if agent.blocks.sandbox == "default" else agent.blocks.sandbox
        for agent in agents.values()
    }
    async with AsyncExitStack() as stack:
        started: dict[Backend, Sandbox] = {}
        for backend in sorted(set(wanted.values())):
            started[backend] = _make(backend, settings, on_progress)
            stack.push_async_callback(started[backend].close)
            await started[backend].start()
        yield {name: started[backend] for name, backend in wanted.items()}


def _make(backend: Backend, settings: Settings, on_progress: Callable[[str], None]) -> Sandbox:
    kinds = {"eryx": EryxSandbox, "hyperlight": HyperlightSandbox}
    return kinds[backend](cache=settings.sandbox_cache, on_progress=on_progress)
