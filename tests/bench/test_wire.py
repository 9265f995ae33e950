"""How the benchmark counts: tokens as o200k_base has them, requests as they were sent."""

import json

import pytest
from openai import AsyncOpenAI, InternalServerError

from bench.wire import Wire, tokens
from seconder.testing.model import Item, Script, ScriptedModel, function_call, http_error, reasoning, text


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ("hello world", 2),
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 8),
        ("<|endoftext|>", 7),
        ("", 0),
    ],
)
def test_tokens_are_those_of_o200k_base(given: str, count: int) -> None:
    """Known texts have as many tokens as OpenAI's own tokenizer gives them; a special token is plain text."""
    assert tokens(given) == count


async def test_a_request_is_counted_as_it_was_sent() -> None:
    """The wire counts the bytes and tokens of the whole body, and of a response what the model generated."""
    said: list[Item] = [reasoning(tokens=64), function_call("look_up", '{"number":7}')]
    async with ScriptedModel(Script([said, [text("Seven.")]])) as model, Wire(model.base_url) as wire:
        async with AsyncOpenAI(api_key=model.api_key, base_url=wire.base_url, max_retries=0) as client:
            await client.responses.create(model="gpt-5.1", input="Look up the number 7 “now”.", store=False)
        [exchange] = wire.exchanges
        assert json.loads(exchange.request) == model.requests[0].body
        assert len(exchange.request) == model.requests[0].size
        assert exchange.input_tokens == tokens(exchange.request.decode())
        assert exchange.output_tokens == tokens("look_up") + tokens('{"number":7}') + 64
        assert exchange.seconds > 0


async def test_a_failed_request_is_counted_too() -> None:
    """An error of the model reaches the client as it came, and stands among the exchanges with its status."""
    async with ScriptedModel(Script([[text("Yes.")]])) as model, Wire(model.base_url) as wire:
        model.fail_next(http_error(503))
        async with AsyncOpenAI(api_key=model.api_key, base_url=wire.base_url, max_retries=0) as client:
            with pytest.raises(InternalServerError):
                await client.responses.create(model="gpt-5.1", input="Hello?")
        assert [(exchange.status, exchange.output_tokens) for exchange in wire.exchanges] == [(503, 0)]
