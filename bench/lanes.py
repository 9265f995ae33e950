"""The three lanes: the same task, tools, model and output schema, in three ways of calling the tools.

- `code` and `finish` are real sessions: Temporal's dev server, all workers, the sandbox, the local Slack. The blocks
  name reads alone and the agent lets such blocks run, so that no person is waited for.
- `direct` is what they are compared with: the five tools offered as functions, called in parallel. A session offers
  reads to code alone, so this lane is a loop of its own, on the same client. Whatever could be left out of it is: no
  rules of approval, no durability, no titles in schemas, no ids in repeated calls, no activity between the model and a
  tool. Its tokens and its overhead are a lower bound of what a session with direct calls would cost.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog
from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseFunctionToolCall
from pydantic import JsonValue
from temporalio.client import Client

from activities import prompt
from bench import orders
from bench.wire import Wire
from seconder.client import SeconderClient
from seconder.contracts.definitions import AgentDefinition, ReviewPolicy, ToolSpec
from seconder.contracts.model import ModelRequest
from seconder.contracts.session import SessionRequest
from seconder.errors import ToolError
from seconder.tools import InvalidArguments, ToolContext

Lane = Literal["direct", "code", "finish"]
LANES: Final[tuple[Lane, ...]] = ("direct", "code", "finish")
_REQUESTS_MAX: Final = 40
_REQUESTER: Final = "U0RITA"


@dataclass(frozen=True)
class Run:
    """What one run of a lane cost. `overhead_ms` is the time outside the model and the tools."""

    requests: int
    input_tokens: int
    output_tokens: int
    bytes: int
    tool_calls: int
    failures: int
    overhead_ms: float
    correct: bool

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class Lanes:
    """Runs lanes one after the other, and measures each on the wire."""

    def __init__(self, wire: Wire, openai: AsyncOpenAI, temporal: Client, model: str) -> None:
        self._wire = wire
        self._openai = openai
        self._sessions = SeconderClient(temporal)
        self._model = model

    async def run(self, lane: Lane) -> Run:
        """One run of a lane, from the task to the checked answer."""
        self._wire.exchanges.clear()
        orders.counter.reset()
        began = time.perf_counter()
        if lane == "direct":
            answer, failed = await self._direct(), 0
        else:
            answer, failed = await self._session(lane)
        wall = time.perf_counter() - began
        passed = self._wire.exchanges
        outside = wall - sum(exchange.seconds for exchange in passed) - orders.counter.seconds
        return Run(
            requests=len(passed),
            input_tokens=sum(exchange.input_tokens for exchange in passed),
            output_tokens=sum(exchange.output_tokens for exchange in passed),
            bytes=sum(len(exchange.request) for exchange in passed),
            tool_calls=orders.counter.calls,
            failures=failed + orders.counter.failures + sum(exchange.status != 200 for exchange in passed),
            overhead_ms=round(outside * 1000, 1),
            correct=orders.is_right(answer),
        )

    async def _session(self, lane: Lane) -> tuple[JsonValue, int]:
        """The output of a real session, and how many of its blocks failed."""
        task = f"{orders.TASK} {orders.HINT}" if lane == "code" else orders.TASK
        request = SessionRequest(
            agent=orders.AGENT, task=task, requester=_REQUESTER, output_schema=orders.OUTPUT_SCHEMA
        )
        session = await self._sessions.start(request)
        result = await self._sessions.wait(session.session_id)
        return result.output, sum(receipt.outcome != "succeeded" for receipt in result.receipts)

    async def _direct(self) -> JsonValue:
        """The output of a plain loop of parallel calls."""
        body = direct_body(self._model)
        for _ in range(_REQUESTS_MAX):
            response: Response = await self._openai.responses.create(**body)
            calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
            if not calls:
                return _parsed(response.output_text)
            outputs = await asyncio.gather(*(_call(call) for call in calls))
            body["input"] += [*_carried(response), *outputs]
        return None


def direct_body(model: str) -> dict[str, Any]:
    """The first request of the direct lane: what a session sends, without what only sessions need."""
    definition = _definition()
    asked = ModelRequest(session_id="direct", definition=definition, items=(), output_schema=orders.OUTPUT_SCHEMA)
    return {
        "model": model,
        "instructions": orders.INSTRUCTIONS,
        "input": [{"role": "user", "content": orders.TASK}],
        "tools": [_function(spec) for spec in definition.tools],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "text": {"format": prompt.text_format(asked)},
    }


def _definition() -> AgentDefinition:
    return orders.agent.define(ReviewPolicy(reviewers=(_REQUESTER,)))


def _function(spec: ToolSpec) -> dict[str, Any]:
    """A tool as a function, in the shortest form that the API takes."""
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                name: {key: value for key, value in schema.items() if key != "title"}
                for name, schema in spec.arguments_schema["properties"].items()
            },
            "required": spec.arguments_schema.get("required", []),
            "additionalProperties": False,
        },
    }


async def _call(call: ResponseFunctionToolCall) -> dict[str, Any]:
    """Run one call as a block would have it run: checked against the signature, its errors told to the model."""
    tool = orders.agent.tool(call.name)
    context = ToolContext("direct", call.call_id, call.call_id, 1, structlog.get_logger())
    try:
        if tool is None:
            raise ToolError(f"There is no tool {call.name}.")
        told = _compact(await tool.invoke(tool.normalise(_parsed(call.arguments)), context))
    except (InvalidArguments, ToolError) as error:
        told = _compact({"error": str(error)})
    return {"type": "function_call_output", "call_id": call.call_id, "output": told}


def _carried(response: Response) -> list[dict[str, Any]]:
    """The model's items as the next request has to repeat them; reasoning needs the ids of the calls that it led to."""
    items = [item.model_dump(mode="json", exclude_unset=True) for item in response.output]
    if any(item["type"] == "reasoning" for item in items):
        return items
    needed = ("type", "call_id", "name", "arguments")
    return [{key: item[key] for key in needed} if item["type"] == "function_call" else item for item in items]


def _parsed(text: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(text)
    except ValueError:
        return text
    return parsed


def _compact(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
