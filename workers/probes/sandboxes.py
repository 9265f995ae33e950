"""Can blocks run on this machine, in each of the sandboxes?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, get_args

from sandbox.journal import Journal
from sandbox.protocol import Answer, BlockCompleted, BlockSpec, Call, RefusedAnswer, SandboxUnavailable
from seconder.agents import Agent
from workers.probes.base import Finding, Probe, ProbeFailure, ok
from workers.sandboxes import Backend, backend_of, sandbox_of
from workers.settings import Settings

# The first start unpacks the interpreter.
_SECONDS: Final = 180.0


def sandbox_probes(settings: Settings, agents: Sequence[Agent]) -> list[Probe]:
    """A probe for each backend; one that no agent needs may be missing."""
    needed = {backend_of(agent, settings) for agent in agents} | {settings.sandbox}

    def probe(backend: Backend) -> Probe:
        async def find() -> Finding:
            try:
                return await _run_a_block(backend, settings)
            except SandboxUnavailable as error:
                if backend in needed:
                    raise
                return ok(f"No agent needs it, and it would not work here: {error}")

        return Probe(f"sandbox {backend}", find, seconds=_SECONDS)

    return [probe(backend) for backend in get_args(Backend)]


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
