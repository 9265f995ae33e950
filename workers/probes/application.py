"""Do the agents load, and is there a place for what is too large for a history?"""

from collections.abc import Sequence

from seconder.agents import Agent, load_agents
from seconder.effects import Effect
from seconder.errors import SeconderError
from workers.probes.base import Finding, Probe, ok
from workers.settings import Settings
from workers.storage import working_store


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

    async def storage() -> Finding:
        return ok((await working_store(settings)).location)

    return [Probe("storage", storage), Probe("agents", agents)]


def _describe(agent: Agent) -> str:
    effects: list[Effect] = [tool.effect for tool in agent.tools]
    reads = sum(not effect.side_effecting for effect in effects)
    return f"{agent.name} {agent.version}: {reads} reads, {len(effects) - reads} side-effecting tools"
