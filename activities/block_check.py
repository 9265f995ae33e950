"""A block before anybody is asked: what it names, what it could reach, and what the model has to mend first."""

from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import JsonValue

from sandbox.screening import Problem, screen
from sandbox.type_check import check_types
from seconder import names
from seconder.contracts.blocks import BlockFacts
from seconder.contracts.definitions import AgentDefinition
from seconder.effects import Effect
from seconder.stubs import FETCH_STUB

PURPOSE_MAX: Final = 1_000
_log = structlog.get_logger(__name__)


class Refused(Exception):  # noqa: N818 - told to the model as a value
    """A call that goes back to the model; the message says how to mend it."""


@dataclass(frozen=True)
class CheckedBlock:
    """A block that can be put to people: what was found in it, and the arguments that its approval is bound to."""

    facts: BlockFacts
    arguments: dict[str, JsonValue]


def read_block(definition: AgentDefinition, arguments: JsonValue) -> CheckedBlock:
    """Read the code without running any of it.

    Raises:
        Refused: it cannot work.
    """
    code = arguments.get("code") if isinstance(arguments, dict) else None
    if not isinstance(code, str):
        raise Refused(f'The arguments of {names.EXECUTE_CODE} are {{"code": "…", "purpose": "…"}}.')
    settings = definition.blocks
    callable_names = [spec.name for spec in definition.tools] + ([names.FETCH] if settings.domains else [])
    screening = screen(code, callable_names, max_bytes=settings.code_bytes)
    if screening.problems:
        raise Refused(_in_words(screening.problems))
    purpose = arguments.get("purpose") if isinstance(arguments, dict) else None
    # A name that is computed while the code runs can reach any tool, so the person is shown, and asked for, them all.
    granted = [spec for spec in definition.tools if screening.dynamic or spec.name in screening.tools]
    facts = BlockFacts(
        purpose=purpose[:PURPOSE_MAX] if isinstance(purpose, str) else "",
        tools=tuple(spec.name for spec in granted),
        sensitive=tuple(spec.name for spec in granted if spec.effect is Effect.READ_SENSITIVE),
        side_effects=tuple(spec.name for spec in granted if spec.effect.side_effecting),
        dynamic=screening.dynamic,
        mounts=settings.mounts,
        domains=settings.domains if screening.dynamic or names.FETCH in screening.tools else (),
        settings=settings,
    )
    return CheckedBlock(facts, {"code": code, **facts.reach()})


async def type_problems(definition: AgentDefinition, facts: BlockFacts, code: str, within_seconds: float) -> str:
    """What surely fails on the types of the tools, in words for the model; empty when nothing does.

    It spares people blocks that cannot work and is no wall: where the checker is not to be had, the block goes on.
    """
    stubs = {spec.name: spec.stub for spec in definition.tools if spec.name in facts.tools}
    if facts.domains:
        stubs[names.FETCH] = FETCH_STUB
    check = await check_types(code, stubs, within_seconds=max(within_seconds, 0.0))
    if check.unavailable:
        _log.warning("block.types_not_checked", cause=check.unavailable)
    return _in_words(check.problems) if check.problems else ""


def _in_words(problems: tuple[Problem, ...]) -> str:
    return "The code was not run:\n" + "\n".join(str(problem) for problem in problems)
