"""Seconder: an agent moves, a person seconds.

Tool authors and callers import from here; everything else in the package is for the processes that run it.
"""

from seconder.agents import Agent
from seconder.contracts.block_settings import BlockSettings, Domain, Mount
from seconder.contracts.definitions import SessionLimits
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
    "Domain",
    "Effect",
    "Lane",
    "Mount",
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
