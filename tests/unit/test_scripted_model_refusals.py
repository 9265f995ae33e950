"""What the scripted model refuses, worded as the real API words it: a table of bad requests."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest

from seconder.testing.model import Script, ScriptedModel, function_call, reasoning, text

Items = list[dict[str, Any]]

USER: dict[str, Any] = {"role": "user", "content": "Refund order 7"}
CALL: dict[str, Any] = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "c1", "output": "{}"}


@pytest.fixture(scope="module")
async def model() -> AsyncIterator[ScriptedModel]:
    script = Script(turns=[[reasoning(), text("Let me see."), function_call("look")], [text("ok")], [text("ok")]])
    async with ScriptedModel(script) as running:
        yield running


@pytest.fixture(scope="module")
async def client(model: ScriptedModel) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=model.base_url, api_key="sk-local", max_retries=0) as connected:
        yield connected


async def post(model: ScriptedModel, body: object, key: str = "sk-local") -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(model.base_url + "/", headers=headers) as session,
        session.post("responses", json=body) as answer,
    ):
        return answer.status, await answer.json()


def tool(**changes: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    closed = {**schema, "additionalProperties": False}
    return {"type": "function", "name": "look", "parameters": closed, "strict": True, **changes}


def schema(**changes: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": False, **changes}


def answer_format(wanted: object, **changes: Any) -> dict[str, Any]:
    return {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": wanted, **changes}}


NESTED: dict[str, Any] = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}

BAD_PARAMETERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no model": ({"model": None}, "model", "does not exist"),
    "unknown model": ({"model": "gpt-2"}, "model", "'gpt-2' does not exist"),
    "streaming": ({"stream": True}, "stream", "does not stream"),
    "previous response": ({"previous_response_id": "resp_1"}, "previous_response_id", "carry the items along"),
    "no input": ({"input": None}, "input", "Missing required parameter: 'input'"),
    "empty input": ({"input": []}, "input", "at least one item"),
    "input of another type": ({"input": 7}, "input", "expected a string or an array of items, but got an integer"),
    "a tool name with a dot": ({"tools": [tool(name="a.b")]}, "tools[0].name", "^[a-zA-Z0-9_-]{1,64}$"),
    "a tool name of 65 letters": ({"tools": [tool(name="a" * 65)]}, "tools[0].name", "pattern"),
    "a tool without a name": ({"tools": [{"type": "function"}]}, "tools[0].name", "Missing"),
    "a tool of another type": ({"tools": [{"type": "mcp"}]}, "tools[0].type", "supports 'function'"),
    "an open strict tool": (
        {"tools": [tool(parameters={"type": "object", "properties": {}})]},
        "tools[0].parameters",
        "In context=(), 'additionalProperties' is required to be supplied and to be false",
    ),
    "an open object inside a strict tool": (
        {"tools": [tool(parameters=schema(properties={"a": NESTED}, required=["a"]))]},
        "tools[0].parameters",
        "In context=('properties', 'a'), 'additionalProperties'",
    ),
    "an optional property of a strict tool": (
        {"tools": [tool(parameters=schema(properties={"a": {"type": "string"}}))]},
        "tools[0].parameters",
        "Missing 'a'",
    ),
    "a default in a strict tool": (
        {"tools": [tool(parameters=schema(properties={"a": {"type": "string", "default": ""}}, required=["a"]))]},
        "tools[0].parameters",
        "'default' is not permitted",
    ),
    "a tool whose schema is no object": (
        {"tools": [tool(parameters={"type": "string"})]},
        "tools[0].parameters",
        "got 'type: \"string\"'",
    ),
    "an unknown type in an output schema": (
        {"text": answer_format(schema(properties={"a": {"type": "banana"}}, required=["a"]))},
        "text.format.schema",
        "'banana' is not valid",
    ),
    "an unknown type in a schema that is not strict": (
        {"text": answer_format(schema(properties={"a": {"type": "banana"}}), strict=False)},
        "text.format.schema",
        "'banana' is not valid",
    ),
    "a reference to nowhere": (
        {"text": answer_format(schema(properties={"a": {"$ref": "#/$defs/A"}}, required=["a"]))},
        "text.format.schema",
        "which was not found in the schema",
    ),
    "an output format without a schema": (
        {"text": {"format": {"type": "json_schema", "name": "answer"}}},
        "text.format.schema",
        "Missing",
    ),
    "an output format of another type": ({"text": {"format": {"type": "xml"}}}, "text.format.type", "'xml'"),
}


@pytest.mark.parametrize("case", BAD_PARAMETERS)
async def test_a_bad_parameter_is_refused_by_name(model: ScriptedModel, case: str) -> None:
    """Each is a 400 with the API's error body, naming the parameter and what is wrong with it."""
    changes, param, message = BAD_PARAMETERS[case]
    status, body = await post(model, {"model": "gpt-5.1", "input": [USER]} | changes)
    assert status == 400
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["param"] == param
    assert message in body["error"]["message"]


async def test_sound_tools_and_formats_pass(model: ScriptedModel) -> None:
    """References, unions with null, nested closed objects and schemas that are not strict are taken."""
    rich = schema(
        properties={
            "a": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
            "b": {"type": "array", "items": {"type": ["string", "null"]}},
        },
        required=["a", "b"],
        **{"$defs": {"A": {**NESTED, "additionalProperties": False}}},
    )
    loose = {"type": "object", "properties": {"a": {"type": "string", "default": ""}}}
    tools = [tool(parameters=rich), tool(name="free", parameters=loose, strict=False)]
    body = {"model": "gpt-5.1", "input": [USER], "tools": tools, "text": answer_format(rich)}
    status, _ = await post(model, body)
    assert status == 200


BAD_INPUT: dict[str, tuple[Items, str]] = {
    "an output without its call": ([USER, OUTPUT], "No tool call found for function call output with call_id c1"),
    "an output before its call": ([USER, OUTPUT, CALL], "No tool call found"),
    "a call without its output": ([USER, CALL], "No tool output found for function call c1"),
    "two outputs for a call": ([USER, CALL, OUTPUT, OUTPUT], "Duplicate function call output"),
    "arguments that are not a string": ([USER, {**CALL, "arguments": {}}, OUTPUT], "'input[1].arguments'"),
    "an output that is an object": ([USER, CALL, {**OUTPUT, "output": {}}], "'input[2].output'"),
    "an output that is missing": ([USER, CALL, {"type": "function_call_output", "call_id": "c1"}], "'input[2].output'"),
    "an unknown item": ([{"type": "item_reference", "id": "x"}], "'item_reference'"),
    "an unknown role": ([{"role": "tool", "content": "x"}], "'tool'"),
    "the user speaking as the model": (
        [{"role": "user", "content": [{"type": "output_text", "text": "x"}]}],
        "Supported values are: 'input_text'",
    ),
    "the model speaking as the user": (
        [USER, {"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}, USER],
        "Supported values are: 'output_text', 'refusal'",
    ),
    "a duplicate item": (
        [USER, {**CALL, "id": "fc_1"}, OUTPUT, {**CALL, "id": "fc_1", "call_id": "c2"}],
        "Duplicate item found with id fc_1",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
async def test_a_conversation_that_does_not_hold_together_is_refused(model: ScriptedModel, case: str) -> None:
    """Each is a 400 that names the item or the call."""
    items, message = BAD_INPUT[case]
    status, body = await post(model, {"model": "gpt-5.1", "input": items, "store": False})
    assert status == 400
    assert message in body["error"]["message"]


LOST_REASONING = {
    "dropped": ([1, 2, 3], "without its required 'reasoning' item"),
    "moved behind": ([1, 2, 0, 3], "without its required 'reasoning' item"),
    "its follower dropped": ([0, 2, 3], "without its required following item"),
    "alone": ([0], "without its required following item"),
}


@pytest.mark.parametrize("case", LOST_REASONING)
async def test_reasoning_must_be_carried_in_its_place(
    model: ScriptedModel, client: openai.AsyncOpenAI, case: str
) -> None:
    """A reasoning item goes with what followed it: neither may come back without the other, nor elsewhere."""
    order, message = LOST_REASONING[case]
    items = await first_turn(client)
    assert (await post(model, {"model": "gpt-5.1", "input": [USER, *items], "store": False}))[0] == 200
    kept = [USER, *(items[place] for place in order)]
    status, body = await post(model, {"model": "gpt-5.1", "input": kept, "store": False})
    assert status == 400
    assert message in body["error"]["message"]


async def test_reasoning_needs_its_encrypted_content_when_nothing_is_stored(
    model: ScriptedModel, client: openai.AsyncOpenAI
) -> None:
    """Without it the item is not found, as nothing was persisted; with another item's it cannot be verified."""
    thought, *others = await first_turn(client)
    for content, expected_status, message in ((None, 404, "not persisted"), ("gAAAAA", 400, "could not be verified")):
        items = [USER, {**thought, "encrypted_content": content}, *others]
        status, body = await post(model, {"model": "gpt-5.1", "input": items, "store": False})
        assert status == expected_status
        assert message in body["error"]["message"]


async def first_turn(client: openai.AsyncOpenAI) -> Items:
    """The items of the first response and the output of its call: reasoning, text, call, output."""
    response = await client.responses.create(
        model="gpt-5.1", input="Refund order 7", store=False, include=["reasoning.encrypted_content"]
    )
    items: Items = [item.model_dump(exclude_none=True, by_alias=True) for item in response.output]
    return [*items, {**OUTPUT, "call_id": items[-1]["call_id"]}]


async def test_encrypted_content_comes_only_when_it_was_asked_for(client: openai.AsyncOpenAI) -> None:
    """A caller that forgets `include` cannot carry the reasoning, and finds that out here."""
    response = await client.responses.create(model="gpt-5.1", input="Refund order 7", store=False)
    assert response.output[0].model_dump()["encrypted_content"] is None


async def test_a_wrong_key_is_refused(model: ScriptedModel) -> None:
    """A wrong or missing key is a 401, on every route."""
    status, body = await post(model, {"model": "gpt-5.1", "input": "x"}, key="sk-other")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    async with openai.AsyncOpenAI(base_url=model.base_url, api_key="sk-other", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.models.retrieve("gpt-5.1")


async def test_a_body_that_is_no_json_object_and_an_unknown_path_are_refused(model: ScriptedModel) -> None:
    """Both get the API's error body, so that any client can show what happened."""
    headers = {"Authorization": "Bearer sk-local"}
    async with aiohttp.ClientSession(model.base_url + "/", headers=headers) as session:
        for path, data, expected in (("responses", b"{", 400), ("responses", b"[]", 400), ("elsewhere", b"{}", 404)):
            async with session.post(path, data=data) as answer:
                assert answer.status == expected
                assert (await answer.json())["error"]["message"]
