"""An agent for tests: one tool for each way in which a call can go.

Its side effects are reports to a witness (see `witness.py`), whichever process they happen in.
"""

import asyncio
import atexit
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from seconder import Agent, BlockSettings, Domain, Effect, Mount, Tool, ToolContext, ToolError, tool
from tests.integration.witness import bear_witness

Cents = Annotated[int, Field(gt=0)]


@tool(effect=Effect.READ)
def look_up(customer: int) -> dict[str, int]:
    """Look up what a customer owes."""
    return {"customer": customer, "owes": customer * 10}


@tool(effect=Effect.READ_SENSITIVE)
def look_into(customer: int) -> str:
    """Look up a customer's address."""
    return f"{customer} Main Street"


@tool(effect=Effect.READ)
def recite(characters: int) -> str:
    """Recite a text of this length."""
    return "x" * characters


@tool(effect=Effect.READ)
async def listen(ctx: ToolContext, customer: int) -> str:
    """Listen to a customer, until the witness lets go."""
    await bear_witness(ctx, "listen", held=True)
    return f"{customer} says hello"


@tool(effect=Effect.SPEND)
async def pay(ctx: ToolContext, customer: int, cents: Cents, memo: str = "") -> dict[str, int]:
    """Pay a customer."""
    await bear_witness(ctx, "pay")
    return {"paid": cents, "customer": customer}


@tool(effect=Effect.SPEND, idempotent=True)
async def book(ctx: ToolContext, cents: Cents) -> str:
    """Book an amount; the first attempt breaks off after it took effect."""
    await bear_witness(ctx, "book")
    if ctx.attempt == 1:
        raise ConnectionError("the line broke")
    return f"booked at attempt {ctx.attempt}"


@tool(effect=Effect.EXTERNAL)
async def call_for(ctx: ToolContext, customer: int) -> str:
    """Call a customer, and hold the line until the witness lets go."""
    await bear_witness(ctx, "call_for", held=True)
    return f"spoke to {customer}"


@tool(effect=Effect.WRITE)
async def decline(ctx: ToolContext, why: str) -> None:
    """Do nothing, and say so."""
    await bear_witness(ctx, "decline")
    raise ToolError(f"{why}; nothing was changed.")


@tool(effect=Effect.PRIVILEGED)
async def stumble(ctx: ToolContext) -> None:
    """Fail in the middle."""
    await bear_witness(ctx, "stumble")
    raise RuntimeError("the disk is full")


@tool(effect=Effect.EXTERNAL, timeout=timedelta(milliseconds=200))
async def linger(ctx: ToolContext) -> None:
    """Take longer than is allowed."""
    await bear_witness(ctx, "linger")
    await asyncio.Event().wait()


_TOOLS: list[Tool[..., Any]] = [look_up, look_into, recite, listen, pay, book, call_for, decline, stumble, linger]

agent = Agent(
    name="clerk",
    version="1",
    instructions="You are a clerk.",
    model="gpt-5.1",
    tools=_TOOLS,
    blocks=BlockSettings(wall_seconds=5, cpu_seconds=2, memory_bytes=128 * 1024 * 1024),
)

hasty = Agent(
    name="hasty-clerk",
    version="1",
    instructions="You are a clerk whose plain reads nobody checks.",
    model="gpt-5.1",
    tools=_TOOLS,
    blocks=BlockSettings(automatic=True, wall_seconds=5, cpu_seconds=2, memory_bytes=128 * 1024 * 1024),
)

SHELF: Final = Path(tempfile.mkdtemp(prefix="seconder-shelf-"))
"""A folder of this process alone, which is there for as long as it runs."""
atexit.register(shutil.rmtree, SHELF, ignore_errors=True)

connected = Agent(
    name="connected-clerk",
    version="1",
    instructions="You are a clerk with a shelf and a telephone.",
    model="gpt-5.1",
    tools=_TOOLS,
    blocks=BlockSettings(
        automatic=True,
        mounts=(Mount(source=str(SHELF), target="/mnt/shelf"),),
        domains=(Domain(host="records.invalid"),),
    ),
)

agents = [agent, hasty, connected]
