"""`seconder tools`: what the agents may do, and how each call is let through."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from seconder.agents import Agent, load_agents
from seconder.cli.printing import duration, plain, print_json, print_table
from seconder.cli.sessions import JsonOption
from seconder.errors import ConfigurationError
from seconder.tools import Tool


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("tools")(tools)


def tools(
    *,
    app: Annotated[
        str, typer.Option(envvar="SECONDER_APP", help="Agents as package.module:attribute, comma-separated.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List each tool with its effect and lane."""
    references = [reference.strip() for reference in app.split(",") if reference.strip()]
    if not references:
        raise ConfigurationError("Say where the agents are: --app package.module:attribute, or SECONDER_APP.")
    # As `python -m` does, and unlike a console script: agents live in the folder that one works in.
    sys.path.insert(0, str(Path.cwd()))
    found = [(agent, tool) for agent in load_agents(references).values() for tool in agent.tools]
    if as_json:
        print_json([_as_json(agent, tool) for agent, tool in found])
    else:
        print_table(
            ("agent", "tool", "effect", "lane", "attempts", "time-out", "what it does"),
            [
                (
                    plain(agent.name),
                    plain(tool.name),
                    plain(tool.effect.in_words),
                    plain("side effect" if tool.effect.side_effecting else "block"),
                    plain(tool.attempts),
                    plain(duration(tool.timeout.total_seconds())),
                    plain(tool.signature.description.partition("\n")[0]),
                )
                for agent, tool in found
            ],
        )


def _as_json(agent: Agent, tool: Tool[..., Any]) -> dict[str, Any]:
    return {
        "agent": agent.name,
        "agent_version": agent.version,
        **tool.spec.model_dump(mode="json"),
        "lane": tool.effect.lane.value,
        "idempotent": tool.idempotent,
        "tools_queue": agent.tools_queue if tool.effect.side_effecting else None,
    }
