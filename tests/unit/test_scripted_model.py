"""The scripted model, as the unmodified openai client sees it: scripts, turns, usage and faults."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import openai
import pytest
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseInputParam, ResponseReasoningItem

from seconder.errors import ServiceError
from seconder.testing.model import (
    ModelRequest,
    Reply,
    Script,
    ScriptedModel,
    code,
    delayed,
    dropped,
    failed,
    function_call,
    garbage,
    http_error,
    incomplete,
    reasoning,
    refusal,
    text,
)

Items = list[dict[str, Any]]
TASK: Items = [{"role": "user", "content": "Refund order 7"}]


@asynccontextmanager
async def serving(*scripts: Script, **settings: Any) -> AsyncIterator[tuple[ScriptedModel, openai.AsyncOpenAI]]:
    async with (
        ScriptedModel(*scripts, **settings) as model,
        openai.AsyncOpenAI(base_url=model.base_url, api_key="sk-local", max_retries=0) as client,
    ):
        yield model, client


async def ask(client: openai.AsyncOpenAI, items: Items | str, **parameters: Any) -> Response:
    return cast(
        Response,
        await client.responses.create(
            model="gpt-5.1",
            input=cast(ResponseInputParam, items),
            store=False,
            include=["reasoning.encrypted_content"],
            **parameters,
        ),
    )


def carried(response: Response) -> Items:
    return [item.model_dump(exclude_none=True, by_alias=True) for item in response.output]


def answers(response: Response, value: object) -> Items:
    return [
        {"type": "function_call_output", "call_id": item.call_id, "output": json.dumps(value)}
        for item in response.output
        if isinstance(item, ResponseFunctionToolCall)
    ]


async def test_a_script_is_played_turn_by_turn_to_a_caller_that_carries_the_conversation() -> None:
    """Reasoning, a code block, parallel calls and a text each come in their turn, parsed by the real client."""
    script = Script(
        turns=[
            [reasoning("Look first"), code("1 + 1", purpose="Add")],
            [function_call("issue_refund", {"order_id": 7}), function_call("issue_refund", {"order_id": 8})],
            [text("Done.")],
        ]
    )
    async with serving(script) as (model, client):
        first = await ask(client, TASK)
        thought, block = first.output
        assert isinstance(thought, ResponseReasoningItem)
        assert thought.encrypted_content
        assert isinstance(block, ResponseFunctionToolCall)
        assert block.name == "execute_code"
        assert json.loads(block.arguments) == {"code": "1 + 1", "purpose": "Add"}

        conversation = [*TASK, *carried(first), *answers(first, {"result": 2})]
        second = await ask(client, conversation)
        assert len({item.call_id for item in second.output if isinstance(item, ResponseFunctionToolCall)}) == 2

        conversation += [*carried(second), *answers(second, {"status": "succeeded"})]
        third = await ask(client, conversation)
        assert third.output_text == "Done."
        assert third.status == "completed"
        assert [request.turn for request in model.requests] == [0, 1, 2]


async def test_a_retried_request_gets_the_same_turn() -> None:
    """The turn follows from what the request carries along, not from how many requests came."""
    async with serving(Script(turns=[[text("one")], [text("two")]])) as (_, client):
        said = [(await ask(client, TASK)).output_text for _ in range(3)]
        assert said == ["one", "one", "one"]


async def test_a_conversation_goes_on_after_the_server_was_restarted() -> None:
    """The server keeps no conversation: another one with the same script continues it, reasoning checked."""
    script = Script(turns=[[reasoning(), function_call("look", call_id="call_mine")], [text("seen")]])
    async with serving(script) as (_, client):
        first = await ask(client, TASK)
    async with serving(script) as (_, client):
        assert (await ask(client, [*TASK, *carried(first), *answers(first, 1)])).output_text == "seen"
        without_reasoning = [item for item in carried(first) if item["type"] != "reasoning"]
        with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item"):
            await ask(client, [*TASK, *without_reasoning, *answers(first, 1)])


@pytest.mark.parametrize("keep_ids", [True, False])
async def test_parallel_calls_count_as_one_turn_however_outputs_are_ordered(keep_ids: bool) -> None:  # noqa: FBT001
    """Calls of one response are one turn, also when each is followed by its own output or has lost its item id."""
    script = Script(turns=[[function_call("a"), function_call("b")], [text("second")]])
    async with serving(script) as (_, client):
        first = await ask(client, TASK)
        calls = carried(first) if keep_ids else [{**item, "id": None} for item in carried(first)]
        pairs = zip(calls, answers(first, 1), strict=True)
        interleaved = [{k: v for k, v in item.items() if v is not None} for pair in pairs for item in pair]
        assert (await ask(client, [*TASK, *interleaved])).output_text == "second"


async def test_calls_without_any_id_of_ours_count_by_what_stands_together() -> None:
    """Items of another origin, such as a hand-written history, still lead to the right turn."""
    history: Items = [
        *TASK,
        {"type": "function_call", "call_id": "x1", "name": "a", "arguments": "{}"},
        {"type": "function_call", "call_id": "x2", "name": "a", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "x1", "output": "1"},
        {"type": "function_call_output", "call_id": "x2", "output": "2"},
        {"role": "assistant", "content": "Both are done."},
        {"role": "user", "content": "And now?"},
    ]
    async with serving(Script(turns=[[text("0")], [text("1")], [text("2")]])) as (_, client):
        assert (await ask(client, history)).output_text == "2"


async def test_a_turn_may_depend_on_what_tools_returned() -> None:
    """A callable turn reads the outputs by tool, parsed where they are JSON, and finds the reason of a denial."""

    def explain(request: ModelRequest) -> list[Any]:
        (output,) = request.outputs("issue_refund")
        return [text(f"{output.value['status']}: {output.value['reason']} ({output.arguments})")]

    script = Script(turns=[[function_call("issue_refund", {"order_id": 7})], explain])
    async with serving(script) as (_, client):
        first = await ask(client, TASK)
        denial = answers(first, {"status": "denied", "reason": "Too much"})
        second = await ask(client, [*TASK, *carried(first), *denial])
        assert second.output_text == 'denied: Too much ({"order_id": 7})'


async def test_scripts_are_chosen_by_what_the_conversation_is_about() -> None:
    """Sessions of several kinds share one server at once; each plays the first script that is for it."""
    async with serving(
        Script(turns=[[text("billing")]], when=lambda request: "invoice" in request.task),
        Script(turns=[[text("ops")]], when=lambda request: "operator" in request.instructions),
        models=("gpt-5.1", "small"),
    ) as (model, client):
        model.add(Script(turns=[[text("other")]]))
        said = await asyncio.gather(
            ask(client, "My invoice is wrong"),
            ask(client, TASK, instructions="You are an operator."),
            ask(client, TASK),
        )
        assert [response.output_text for response in said] == ["billing", "ops", "other"]


async def test_a_script_that_has_run_out_says_so() -> None:
    """One request too many is a 400 that names the script and its length, as is a conversation without a script."""
    async with serving(Script(turns=[[text("only")]], name="refunds")) as (model, client):
        only = await ask(client, TASK)
        with pytest.raises(openai.BadRequestError, match="run out: refunds has 1 turns"):
            await ask(client, [*TASK, *carried(only), *TASK])
        model.scripts.clear()
        with pytest.raises(openai.BadRequestError, match="No script is registered"):
            await ask(client, TASK)


async def test_a_script_that_raises_is_told_and_not_retried() -> None:
    """An error in a callable turn comes back as a 400 that names it, so that a session fails at once."""

    def broken(_: ModelRequest) -> list[Any]:
        raise KeyError("order_id")

    async with serving(Script(turns=[broken])) as (_, client):
        with pytest.raises(openai.BadRequestError, match="Turn 1 of script raised KeyError: 'order_id'"):
            await ask(client, TASK)


async def test_text_and_arguments_are_delivered_as_they_are() -> None:
    """A mismatch can be scripted: text that is not of the schema asked for, arguments that are no JSON."""
    wanted = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    output = {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": wanted}}
    script = Script(turns=[[text("not JSON"), function_call("issue_refund", '{"order_id":')]])
    async with serving(script) as (_, client):
        response = await ask(client, TASK, text=output)
        assert response.output_text == "not JSON"
        call = response.output[1]
        assert isinstance(call, ResponseFunctionToolCall)
        assert call.arguments == '{"order_id":'


@pytest.mark.parametrize(
    ("reply", "status", "detail"),
    [
        (incomplete("max_output_tokens", text("cut")), "incomplete", "max_output_tokens"),
        (incomplete("content_filter"), "incomplete", "content_filter"),
        (failed("The model broke"), "failed", "The model broke"),
    ],
)
async def test_a_response_may_end_otherwise_than_completed(reply: Reply, status: str, detail: str) -> None:
    """Responses that were cut, filtered or failed carry their status and the reason."""
    async with serving(Script(turns=[reply])) as (_, client):
        response = await ask(client, TASK)
        assert response.status == status
        reason = response.incomplete_details.reason if response.incomplete_details else None
        assert detail in {reason, response.error.message if response.error else None}


async def test_a_refusal_is_a_refusal() -> None:
    """A refusal is a message part of its own kind, never text."""
    async with serving(Script(turns=[[refusal("I cannot help with that.")]])) as (_, client):
        response = await ask(client, TASK)
        assert response.output_text == ""
        assert carried(response)[0]["content"] == [{"type": "refusal", "refusal": "I cannot help with that."}]


async def test_usage_grows_with_the_conversation_and_its_prefix_is_cached() -> None:
    """Totals add up, reasoning counts as output, and a long shared prefix counts as cached in steps of 128."""
    script = Script(turns=[[reasoning(tokens=100), function_call("look")], [text("a" * 40)]])
    long_task: Items = [{"role": "user", "content": "word " * 2000}]
    async with serving(script) as (_, client):
        first = await ask(client, long_task)
        second = await ask(client, [*long_task, *carried(first), *answers(first, {"rows": list(range(50))})])
        other = await ask(client, [{"role": "user", "content": "other " * 2000}])
    assert first.usage
    assert second.usage
    assert other.usage
    assert first.usage.input_tokens_details.cached_tokens == 0
    assert other.usage.input_tokens_details.cached_tokens == 0
    assert first.usage.output_tokens_details.reasoning_tokens == 100
    assert 2500 <= first.usage.input_tokens < second.usage.input_tokens
    cached = second.usage.input_tokens_details.cached_tokens
    assert 1024 <= cached <= first.usage.input_tokens
    assert cached % 128 == 0
    assert second.usage.output_tokens == 10
    assert second.usage.total_tokens == second.usage.input_tokens + second.usage.output_tokens


async def test_requests_are_kept_as_received() -> None:
    """A test can read what was sent, with its size, and wait until it has been."""
    async with serving(Script(turns=[[text("ok")]])) as (model, client):
        waiting = asyncio.create_task(model.wait_for_request(1))
        await ask(client, "Hello", instructions="Be brief.")
        request = await waiting
        assert (request.task, request.instructions, request.model) == ("Hello", "Be brief.", "gpt-5.1")
        assert request.size > len(json.dumps(request.body, separators=(",", ":"))) - 1
        assert model.requests == [request]


async def test_http_errors_can_be_asked_for() -> None:
    """The next requests meet the fault, in order, with the error classes and Retry-After of the real client."""
    async with serving(Script(turns=[[text("ok")]])) as (model, client):
        model.fail_next(http_error(429, retry_after=7), times=2)
        model.fail_next(http_error(500))
        model.fail_next(http_error(429, code="insufficient_quota"))
        model.fail_next(http_error(401))
        model.fail_next(http_error(400, "Bad"))
        for _ in range(2):
            with pytest.raises(openai.RateLimitError) as limited:
                await ask(client, TASK)
            assert limited.value.response.headers["retry-after"] == "7"
        with pytest.raises(openai.InternalServerError):
            await ask(client, TASK)
        with pytest.raises(openai.RateLimitError) as spent:
            await ask(client, TASK)
        assert spent.value.code == "insufficient_quota"
        with pytest.raises(openai.AuthenticationError):
            await ask(client, TASK)
        with pytest.raises(openai.BadRequestError, match="Bad"):
            await ask(client, TASK)
        assert (await ask(client, TASK)).output_text == "ok"
        assert len(model.requests) == 7


async def test_a_fault_can_be_for_some_conversations_only() -> None:
    """One session's fault does not hit another that shares the server."""
    async with serving(Script(turns=[[text("ok")]])) as (model, client):
        model.fail_next(http_error(500), when=lambda request: "invoice" in request.task)
        assert (await ask(client, TASK)).output_text == "ok"
        with pytest.raises(openai.InternalServerError):
            await ask(client, "My invoice")
        assert (await ask(client, "My invoice")).output_text == "ok"


async def test_a_failed_response_can_stand_in_for_a_turn_once() -> None:
    """A response that failed leaves nothing to carry along; as a fault it does not hold the script up for ever."""
    async with serving(Script(turns=[[text("ok")]])) as (model, client):
        model.fail_next(failed("Overloaded"))
        said = [await ask(client, TASK) for _ in range(2)]
        assert [response.status for response in said] == ["failed", "completed"]


async def test_garbage_a_dropped_connection_and_a_delay() -> None:
    """Answers that are no JSON, no answer at all and a late one are met as the client meets them in the wild."""
    async with serving(Script(turns=[[text("ok")]])) as (model, client):
        model.fail_next(garbage())
        with pytest.raises(ValueError, match="Expecting value"):
            await ask(client, TASK)
        model.fail_next(garbage(content_type="text/html"))
        assert cast(object, await ask(client, TASK)) == "<html>502 Bad Gateway</html>"
        model.fail_next(dropped())
        with pytest.raises(openai.APIConnectionError):
            await ask(client, TASK)
        model.fail_next(delayed(60))
        with pytest.raises(openai.APITimeoutError):
            await ask(client, TASK, timeout=0.05)
        model.fail_next(delayed(0.01))
        assert (await ask(client, TASK)).output_text == "ok"


async def test_stopping_does_not_wait_for_a_delayed_answer() -> None:
    """The server stops at once although an answer is still being held back."""
    async with asyncio.timeout(5):
        async with serving(Script(turns=[[text("ok")]])) as (model, client):
            model.fail_next(delayed(3600))
            pending = asyncio.create_task(ask(client, TASK))
            await model.wait_for_request(1)
        with pytest.raises(openai.APIConnectionError):
            await pending


async def test_a_port_in_use_is_told_in_one_sentence() -> None:
    """Two servers cannot share a port; the second says which and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"cannot listen on 127.0.0.1:{port}: the port is in use"):
            async with ScriptedModel(Script(turns=[]), port=port):
                pytest.fail("it must not start")


async def test_models_are_listed() -> None:
    """The names that are served can be looked up, and others are not found."""
    async with serving(Script(turns=[]), models=("gpt-5.1",)) as (_, client):
        assert [model.id async for model in client.models.list()] == ["gpt-5.1"]
        assert (await client.models.retrieve("gpt-5.1")).id == "gpt-5.1"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt-2")
