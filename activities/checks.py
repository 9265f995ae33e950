"""`check_calls` and `check_output`: what the model said, checked before anyone is asked and before anything runs."""

import asyncio
import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue
from temporalio import activity

from activities import block_check, schemas
from activities.block_check import Refused
from seconder import names
from seconder.agents import Agent
from seconder.canonical import NESTING_MAX, is_nested_too_deeply
from seconder.contracts.calls import Call
from seconder.contracts.definitions import AgentDefinition, ToolSpec
from seconder.contracts.model import (
    CheckCalls,
    CheckedCall,
    CheckedCalls,
    CheckOutput,
    FunctionCall,
    OutputVerdict,
    RefusedCall,
)
from seconder.effects import Effect
from seconder.tools import InvalidArguments

CALLS_PER_TURN: Final = 32
TYPE_CHECKS_AT_ONCE: Final = 4
TYPE_CHECKS_SECONDS: Final = 12.0
"""For all blocks of a turn; those that are not checked by then go on without."""
BLOCK_VERSION: Final = "1"


class Checks:
    """Checks calls against the agents of this worker and the definition that the session pinned."""

    def __init__(self, agents: Mapping[str, Agent]) -> None:
        self._agents = agents

    @activity.defn(name=names.ACTIVITY_CHECK_CALLS)
    async def check_calls(self, wanted: CheckCalls) -> CheckedCalls:
        """For each call: the normalised call, or what the model has to mend."""
        checked = await asyncio.to_thread(self._check_all, wanted)
        return CheckedCalls(calls=tuple(await _all_type_checked(wanted.definition, checked)))

    @activity.defn(name=names.ACTIVITY_CHECK_OUTPUT)
    async def check_output(self, wanted: CheckOutput) -> OutputVerdict:
        """Whether a final answer is JSON that fits the schema."""
        try:
            output = await asyncio.to_thread(_read_json, wanted.text)
        except (ValueError, RecursionError) as error:
            return OutputVerdict(accepted=False, error=f"it is no JSON ({error}).")
        try:
            problems = await schemas.problems_found_apart(wanted.output_schema, output)
        except RecursionError:
            return OutputVerdict(accepted=False, error="it is nested too deeply.")
        except TimeoutError:
            return OutputVerdict(accepted=False, error="a pattern of the schema takes too long on it.")
        if problems:
            return OutputVerdict(accepted=False, error=f"{'; '.join(problems)}.")
        return OutputVerdict(accepted=True, output=output)

    def _check_all(self, wanted: CheckCalls) -> list[CheckedCall | RefusedCall]:
        checked: list[CheckedCall | RefusedCall] = []
        for position, (call, call_id) in enumerate(zip(wanted.calls, wanted.call_ids, strict=True)):
            try:
                if position >= CALLS_PER_TURN:
                    raise Refused(f"Only {CALLS_PER_TURN} calls are taken in one turn; send this one in the next.")
                checked.append(self._check(wanted, call, call_id))
            except Refused as refused:
                checked.append(RefusedCall(name=call.name, error=str(refused)))
        return checked

    def _check(self, wanted: CheckCalls, call: FunctionCall, call_id: str) -> CheckedCall:
        definition = wanted.definition
        arguments = _parsed(call)
        if call.name == names.EXECUTE_CODE and definition.reads():
            block = block_check.read_block(definition, arguments)
            effect = Effect.READ_SENSITIVE if block.facts.sensitive else Effect.READ
            asked = _call(wanted, call, call_id, version=BLOCK_VERSION, effect=effect, arguments=block.arguments)
            return CheckedCall(call=asked, block=block.facts)
        spec = _side_effect(definition, call.name)
        normal = self._normalise(definition, spec, arguments)
        return CheckedCall(
            call=_call(wanted, call, call_id, version=spec.version, effect=spec.effect, arguments=normal)
        )

    def _normalise(self, definition: AgentDefinition, spec: ToolSpec, arguments: JsonValue) -> dict[str, JsonValue]:
        agent = self._agents.get(definition.name)
        tool = agent.tool(spec.name) if agent is not None else None
        if tool is None or tool.spec.version != spec.version:
            raise Refused(
                f"{spec.name} was changed since this session began; it cannot be called any more. Finish without it."
            )
        try:
            return tool.normalise(arguments)
        except InvalidArguments as error:
            raise Refused(str(error)) from error


async def _all_type_checked(
    definition: AgentDefinition, checked: Sequence[CheckedCall | RefusedCall]
) -> list[CheckedCall | RefusedCall]:
    places = asyncio.Semaphore(TYPE_CHECKS_AT_ONCE)
    ends_at = asyncio.get_running_loop().time() + TYPE_CHECKS_SECONDS

    async def one(found: CheckedCall | RefusedCall) -> CheckedCall | RefusedCall:
        async with places:
            return await _type_checked(definition, found, within_seconds=ends_at - asyncio.get_running_loop().time())

    return await asyncio.gather(*map(one, checked))


async def _type_checked(
    definition: AgentDefinition, found: CheckedCall | RefusedCall, *, within_seconds: float
) -> CheckedCall | RefusedCall:
    if isinstance(found, RefusedCall) or found.block is None:
        return found
    problems = await block_check.type_problems(
        definition, found.block, str(found.call.arguments["code"]), within_seconds
    )
    return RefusedCall(name=found.call.tool, error=problems) if problems else found


def _call(
    wanted: CheckCalls,
    call: FunctionCall,
    call_id: str,
    *,
    version: str,
    effect: Effect,
    arguments: dict[str, JsonValue],
) -> Call:
    return Call(
        session_id=wanted.session_id,
        call_id=call_id,
        agent=wanted.definition.name,
        agent_version=wanted.definition.version,
        tool=call.name,
        tool_version=version,
        arguments=arguments,
        effect=effect,
        model_call_id=call.call_id,
    )


def _parsed(call: FunctionCall) -> JsonValue:
    try:
        return _read_json(call.arguments)
    except (ValueError, RecursionError) as error:
        raise Refused(f"The arguments of {call.name} are no JSON: {error}.") from error


def _read_json(text: str) -> JsonValue:
    """A value that every later reader takes, too; Python's own reader takes more than JSON.

    Raises:
        ValueError: it is no JSON, or nothing that could be handed on.
        RecursionError: it is nested without an end.
    """
    parsed: JsonValue = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    if is_nested_too_deeply(parsed):
        raise ValueError(f"it is nested more than {NESTING_MAX} levels deep")
    json.dumps(parsed, ensure_ascii=False).encode()  # half a character has no UTF-8
    return parsed


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:30]} is too large a number")
    return number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _side_effect(definition: AgentDefinition, name: str) -> ToolSpec:
    spec = definition.tool(name)
    if spec is None:
        known = [tool.name for tool in definition.side_effects()]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else f" There are: {', '.join(known) or 'none'}."
        raise Refused(f"There is no tool {name!r}.{hint}")
    if not spec.effect.side_effecting:
        raise Refused(f"{name} is a read: call it from code, with {names.EXECUTE_CODE}.")
    return spec
