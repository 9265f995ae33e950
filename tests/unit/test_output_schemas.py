"""Schemas of answers: what cannot be applied at the end is refused at the beginning, and nothing is fetched."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import schemas
from activities.agents import Agents
from activities.checks import Checks
from activities.schemas import SCHEMA_MAX_BYTES
from seconder import Agent
from seconder.contracts.definitions import ReviewPolicy
from seconder.contracts.model import CheckOutput, LoadAgent, OutputVerdict

AGENTS = {"clerk": Agent(name="clerk", version="1", instructions="Work.", model="gpt-5.1", tools=[])}
TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name"],
}


async def _load(schema: dict[str, Any]) -> None:
    agents = Agents(AGENTS, ReviewPolicy(reviewers=("U0ANNA",)))
    await ActivityEnvironment().run(agents.load_agent, LoadAgent(agent="clerk", output_schema=schema))


async def _judge(text: str) -> OutputVerdict:
    wanted = CheckOutput(output_schema=TREE, text=text)
    verdict: OutputVerdict = await ActivityEnvironment().run(Checks(AGENTS).check_output, wanted)
    return verdict


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "strnig"}, "at type, 'strnig'"),
        ({"properties": {"a": {"pattern": "("}}}, "at properties/a/pattern"),
        ({"$ref": "#/$defs/gone"}, "refers to '/$defs/gone', which is not in it"),
        ({"items": {"$ref": "other.json"}}, "refers to 'other.json'"),
        ({"$ref": "#"}, "without an end"),
        ({"description": "x" * SCHEMA_MAX_BYTES}, f"{SCHEMA_MAX_BYTES} are allowed"),
    ],
    ids=["unknown type", "broken pattern", "dangling reference", "foreign reference", "endless", "too long"],
)
async def test_a_schema_that_cannot_be_applied_is_refused_before_any_work(schema: dict[str, Any], said: str) -> None:
    """The session ends at once and says where the mistake is, not after its side effects."""
    with pytest.raises(ApplicationError) as raised:
        await _load(schema)
    assert said in raised.value.message
    assert (raised.value.type, raised.value.non_retryable) == ("InvalidRequest", True)


def _doubling(levels: int) -> dict[str, Any]:
    """A schema of a few hundred bytes, and a path through it for each subset of its levels."""
    parts: dict[str, Any] = {"a0": {"type": "string"}}
    for level in range(1, levels + 1):
        parts[f"a{level}"] = {"allOf": [{"$ref": f"#/$defs/a{level - 1}"}] * 2}
    return {"$ref": f"#/$defs/a{levels}", "$defs": parts}


async def test_a_schema_that_takes_too_long_to_judge_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is judged in a process that can be killed, and holds nothing up meanwhile."""
    monkeypatch.setattr(schemas, "JUDGED_WITHIN_SECONDS", 2.0)
    with pytest.raises(ApplicationError, match="takes longer than 2 s to judge") as raised:
        await _load(_doubling(30))
    assert raised.value.non_retryable


async def test_no_schema_makes_the_engine_fetch_anything() -> None:
    """Whoever starts a session cannot reach the engine's network through a reference."""
    reached = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/schema.json"
        with pytest.raises(ApplicationError, match="nothing is fetched"):
            await _load({"properties": {"a": {"$ref": url}}})
    assert not reached.is_set()


async def test_a_schema_may_refer_to_itself() -> None:
    """Trees are as good an answer as any."""
    await _load(TREE)
    assert (await _judge('{"name": "a", "children": [{"name": "b"}]}')).accepted
    verdict = await _judge('{"name": "a", "children": [{}]}')
    assert verdict.error == "$.children[0]: 'name' is a required property."


async def test_an_answer_without_an_end_is_told_to_the_model() -> None:
    """What Python cannot descend into is the model's to mend, and no fault of the worker."""
    depth = 300
    verdict = await _judge('{"name": "a", "children": [' * depth + '{"name": "a"}' + "]}" * depth)
    assert not verdict.accepted
    assert "nested" in verdict.error


async def test_a_pattern_that_never_ends_does_not_hold_the_engine_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is judged in a process that can be killed: Python's `re` would stop every other session."""
    monkeypatch.setattr(schemas, "JUDGED_WITHIN_SECONDS", 1.0)
    judging = asyncio.create_task(schemas.problems_found_apart({"pattern": "^(a+)+$"}, "a" * 40 + "b"))
    beats = 0
    while not judging.done():
        await asyncio.wait([judging], timeout=0.05)
        beats += 1
    assert beats > 5
    with pytest.raises(TimeoutError):
        judging.result()


async def test_the_process_apart_finds_what_is_found_here() -> None:
    """What is judged apart is judged the same."""
    schema = {"type": "object", "required": ["total"]}
    assert await schemas.problems_found_apart(schema, {}) == schemas.problems_of(schema, {}) != []
    assert await schemas.problems_found_apart(schema, {"total": 1}) == []
