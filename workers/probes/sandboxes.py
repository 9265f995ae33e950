"""Can blocks run on this machine, in each of the sandboxes?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sandbox.journal import Journal
from sandbox.protocol import Answer, BlockCompleted, BlockSpec, Call, RefusedAnswer, SandboxUnavailable
from seconder.agents import Agent
from workers.probes.base import Finding, Probe, ProbeFailure, ok
from workers.sandboxes import BACKENDS, Backend, backend_of, check_mounts_of, sandbox_of
from workers.settings import Settings

# The first start unpacks the interpreter.
_SECONDS: Final = 180.0


def sandbox_probes(settings: Settings, agents: Sequence[Agent]) -> list[Probe]:
    """A probe for each backend; one that no agent needs may be missing."""
    needing = {backend: [agent for agent in agents if backend_of(agent, settings) == backend] for backend in BACKENDS}

    def probe(backend: Backend) -> Probe:
        async def find() -> Finding:
            try:
                found = await _run_a_block(backend, settings)
            except SandboxUnavailable as error:
                if needing[backend]:
                    named = ", ".join(agent.name for agent in needing[backend])
                    raise SandboxUnavailable(f"{error} (needed by {named})") from None
                if backend == settings.sandbox:
                    raise
                return ok(f"No agent needs it, and it would not work here: {error}")
            for agent in needing[backend]:
                check_mounts_of(agent)
            return found

        return Probe(f"sandbox {backend}", find, seconds=_SECONDS)

    return [probe(backend) for backend in BACKENDS]


async def _run_a_block(backend: Backend, settings: Settings) -> Finding:
    sandbox = sandbox_of(backend, settings, warm=1, most=1)
    await sandbox.start()
    try:
        spec = BlockSpec(code="6 * 7", journal=Journal(seed="check", started_at=datetime.now(UTC)))
        outcome = await sandbox.run(spec, _refuse)
    finally:
        await sandbox.close()
    if not isinstance(outcome, BlockCompleted) or outcome.result != 42:
        raise ProbeFailure(f"A block that computes 6 * 7 ended as {outcome.kind}: {outcome.stdout}")
    described = sandbox.describe()
    return ok(f"{described.backend} {described.version}, Python {described.python}")


async def _refuse(call: Call) -> Answer:
    return RefusedAnswer(reason="no tool belongs to this check")
