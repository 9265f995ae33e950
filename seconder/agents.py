"""An agent: instructions, a model, tools and limits, under a name and a version."""

import importlib
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

from seconder.contracts.block_settings import BlockSettings
from seconder.contracts.definitions import AgentDefinition, ReviewPolicy, SessionLimits
from seconder.errors import ConfigurationError
from seconder.names import CODE_QUEUE, ENGINE_QUEUE, TOOLS_QUEUE
from seconder.tools import Tool

_AGENT_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """What a session runs. Raise `version` whenever anything of it changes.

    `tools_queue` gives an agent an identity of its own: its side effects run on workers of that queue, which alone
    hold its credentials.

    Raises:
        ConfigurationError: a name, a version or the queue is unusable, something is no tool, or two tools share a name.
    """

    name: str
    version: str
    instructions: str
    model: str
    tools: Iterable[Tool[..., Any]]
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    blocks: BlockSettings = field(default_factory=BlockSettings)
    limits: SessionLimits = field(default_factory=SessionLimits)
    tools_queue: str = TOOLS_QUEUE

    def __post_init__(self) -> None:
        if not _AGENT_NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"{self.name!r} cannot name an agent: use lower-case letters, digits and hyphens, at most 63."
            )
        for label in ("version", "instructions", "model"):
            if not getattr(self, label).strip():
                raise ConfigurationError(f"Agent {self.name!r} has no {label}.")
        if self.tools_queue in ("", ENGINE_QUEUE, CODE_QUEUE):
            raise ConfigurationError(
                f"Agent {self.name!r} cannot have its tools on the queue {self.tools_queue!r}: "
                "side effects need workers of their own, which hold their credentials."
            )
        object.__setattr__(self, "tools", tuple(self.tools))
        for position, tool in enumerate(self.tools, start=1):
            if not isinstance(tool, Tool):
                raise ConfigurationError(
                    f"Agent {self.name!r}: entry {position} of its tools is a {type(tool).__name__} and no tool; "
                    "declare the function with @tool(effect=…)."
                )
        names = [tool.name for tool in self.tools]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigurationError(f"Agent {self.name!r} has more than one tool named {', '.join(repeated)}.")

    def tool(self, name: str) -> Tool[..., Any] | None:
        """The tool of this name, if the agent has it."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def define(self, policy: ReviewPolicy) -> AgentDefinition:
        """The agent as data, to be pinned in a session's history."""
        return AgentDefinition(
            name=self.name,
            version=self.version,
            instructions=self.instructions,
            model=self.model,
            reasoning_effort=self.reasoning_effort,
            tools=tuple(tool.spec for tool in self.tools),
            blocks=self.blocks,
            limits=self.limits,
            policy=policy,
            tools_queue=self.tools_queue,
        )


def load_agents(references: Iterable[str]) -> Mapping[str, Agent]:
    """Import agents by `package.module:attribute`; the attribute is an `Agent` or a list of them.

    Raises:
        ConfigurationError: a reference cannot be imported or holds no agent, or two agents share a name.
    """
    agents: dict[str, Agent] = {}
    for reference in references:
        for agent in _load(reference):
            if agent.name in agents:
                raise ConfigurationError(f"Two agents are named {agent.name!r}; the second is in {reference}.")
            agents[agent.name] = agent
    return agents


def _load(reference: str) -> list[Agent]:
    module_name, separator, attribute = reference.partition(":")
    if not separator:
        raise ConfigurationError(f"{reference!r} names no agent; write it as package.module:attribute.")
    module = _module(module_name, reference)
    try:
        loaded = getattr(module, attribute)
    except AttributeError as error:
        raise ConfigurationError(f"{module_name} has no {attribute!r}.") from error
    found = [loaded] if isinstance(loaded, Agent) else loaded
    if not isinstance(found, list | tuple) or not all(isinstance(agent, Agent) for agent in found):
        raise ConfigurationError(f"{reference!r} is neither an Agent nor a list of them.")
    return list(found)


def _module(name: str, reference: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{reference!r} cannot be imported: {error}. Is its folder on PYTHONPATH?") from error
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(f"{reference!r} cannot be imported: {_with_place(error)}") from error


def _with_place(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return said  # which names file and line
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{said} ({last.filename}, line {last.lineno})"
