"""The agents that this worker has, and the check of a session's first words against them."""

import difflib
from collections.abc import Mapping

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import schemas
from seconder import names
from seconder.agents import Agent
from seconder.contracts.definitions import AgentDefinition, ReviewPolicy
from seconder.contracts.model import LoadAgent


class Agents:
    """Gives sessions the definition that they pin."""

    def __init__(self, agents: Mapping[str, Agent], policy: ReviewPolicy) -> None:
        self._agents = agents
        self._policy = policy

    @activity.defn(name=names.ACTIVITY_LOAD_AGENT)
    async def load_agent(self, wanted: LoadAgent) -> AgentDefinition:
        """The agent as it is now, under the policy that is in force now."""
        if wanted.output_schema is not None:
            problem = await schemas.problem_found_apart(wanted.output_schema)
            if problem:
                raise ApplicationError(f"output_schema {problem}.", type="InvalidRequest", non_retryable=True)
        agent = self._agents.get(wanted.agent)
        if agent is None:
            close = difflib.get_close_matches(wanted.agent, self._agents, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(sorted(self._agents))}."
            raise ApplicationError(
                f"There is no agent {wanted.agent!r}.{hint}", type="UnknownAgent", non_retryable=True
            )
        return agent.define(self._policy)
