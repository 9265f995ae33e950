"""Seconder: an agent moves, a person seconds.

Tool authors and callers import from here; everything else in the package is for the processes that run it.
"""

from seconder.agents import Agent
from seconder.contracts.definitions import BlockSettings, SessionLimits
from seconder.contracts.session import SessionRequest, SessionResult
from seconder.effects import Effect, Lane
from seconder.errors import (
    ConfigurationError,
    ContractError,
    NotFoundError,
    SeconderError,
    ServiceError,
    ToolError,
)
from seconder.tools import Tool, ToolContext, tool

__all__ = [
    "Agent",
    "BlockSettings",
    "ConfigurationError",
    "ContractError",
    "Effect",
    "Lane",
    "NotFoundError",
    "SeconderError",
    "ServiceError",
    "SessionLimits",
    "SessionRequest",
    "SessionResult",
    "Tool",
    "ToolContext",
    "ToolError",
    "tool",
]
