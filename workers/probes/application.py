"""Do the agents load, and can their blocks run?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sandbox.backends.eryx import EryxSandbox
from sandbox.journal import Journal
from sandbox.protocol import Answer, BlockCompleted, BlockSpec, Call, RefusedAnswer
from seconder.agents import Agent, load_agents
from seconder.effects import Effect
from seconder.errors import SeconderError
from workers.probes.base import Finding, Probe, ProbeFailure, ok
from workers.settings import Settings
from workers.storage import working_store

# The first start unpacks the interpreter.
_SANDBOX_SECONDS: Final = 180.0


def load_for_check(settings: Settings) -> tuple[Sequence[Agent], Finding]:
    """The agents, as far as they load, and what there is to say about that.

    Loading runs the application's own code, which may fail in any way; the other probes must go on.
    """
    if not settings.app:
        fix = "Set SECONDER_APP to package.module:attribute."
        return (), Finding(status="failed", text="No agents are named.", how_to_fix=fix)
    try:
        agents = tuple(load_agents(settings.app).values())
    except SeconderError as error:
        return (), Finding(status="failed", text=str(error))
    except Exception as error:  # noqa: BLE001 - see above
        return (), Finding(status="failed", text=f"Importing the agents raised {type(error).__name__}: {error}")
    return agents, ok("; ".join(map(_describe, agents)))


def application_probes(settings: Settings, agents_finding: Finding) -> list[Probe]:
    """The probes of what runs in our own processes."""

    async def agents() -> Finding:
        return agents_finding

    async def sandbox() -> Finding:
        return await _run_a_block(settings)

    async def storage() -> Finding:
        return ok((await working_store(settings)).location)

    return [Probe("storage", storage), Probe("agents", agents), Probe("sandbox", sandbox, seconds=_SANDBOX_SECONDS)]


def _describe(agent: Agent) -> str:
    effects: list[Effect] = [tool.effect for tool in agent.tools]
    reads = sum(not effect.side_effecting for effect in effects)
    return f"{agent.name} {agent.version}: {reads} reads, {len(effects) - reads} side-effecting tools"


async def _run_a_block(settings: Settings) -> Finding:
    backend = EryxSandbox(cache=settings.sandbox_cache, warm=1, most=1)
    await backend.start()
    try:
        spec = BlockSpec(code="6 * 7", journal=Journal(seed="check", started_at=datetime.now(UTC)))
        outcome = await backend.run(spec, _refuse)
    finally:
        await backend.close()
    if not isinstance(outcome, BlockCompleted) or outcome.result != 42:
        raise ProbeFailure(f"A block that computes 6 * 7 ended as {outcome.kind}: {outcome.stdout}")
    described = backend.describe()
    return ok(f"{described.backend} {described.version}, Python {described.python}")


async def _refuse(call: Call) -> Answer:
    return RefusedAnswer(reason=f"{call.tool} is not there")
