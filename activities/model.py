"""`ask_model`: one request to the OpenAI Responses API, stored nowhere but in the session's own history."""

import asyncio
from typing import Any, Final

import openai
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseOutputMessage
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import prompt
from activities.faults import model as faults
from activities.heartbeats import heartbeats
from seconder import names
from seconder.contracts.model import FunctionCall, ModelRequest, ModelTurn
from seconder.contracts.session import Usage

RESPONSE_MAX_BYTES: Final = 1_000_000
"""A longer response would not fit into the history."""
# These reject a request for reasoning that they do not do; newer families all reason.
_WITHOUT_REASONING: Final = ("gpt-3.5", "gpt-4", "chatgpt-4")


class Model:
    """Asks the model; Temporal does the retrying, so the client must be built with `max_retries=0`."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        if client.max_retries:
            raise ValueError("Build the client with max_retries=0: two layers of retries multiply.")
        self._client = client

    @activity.defn(name=names.ACTIVITY_ASK_MODEL)
    async def ask_model(self, request: ModelRequest) -> ModelTurn:
        """One response of the model.

        Raises:
            ApplicationError: as `activities.faults.model` maps it; retryable when asking again may help.
        """
        async with heartbeats(every_seconds=5):
            try:
                response = await self._client.responses.create(**_body(request))
            except (openai.OpenAIError, ValueError) as error:
                raise faults.application_error(error) from error
        return await asyncio.to_thread(_read, response)


def _body(request: ModelRequest) -> dict[str, Any]:
    definition = request.definition
    body: dict[str, Any] = {
        "model": definition.model,
        "instructions": prompt.instructions(request),
        "input": list(request.items),
        "tools": prompt.tools(definition),
        "store": False,
        "prompt_cache_key": request.session_id,
    }
    if not definition.model.startswith(_WITHOUT_REASONING):
        body["include"] = ["reasoning.encrypted_content"]
    if definition.reasoning_effort is not None:
        body["reasoning"] = {"effort": definition.reasoning_effort}
    if (text_format := prompt.text_format(request)) is not None:
        body["text"] = {"format": text_format}
    return body


def _read(response: object) -> ModelTurn:
    # The SDK builds its models without validation: a server that answers garbage must not pass for a model.
    if not isinstance(response, Response) or not isinstance(response.output, list):
        raise faults.garbage("it is no response object")
    if response.status == "failed":
        raise faults.failed_response(response.error)
    try:
        turn = _turn(response)
        size = len(turn.model_dump_json().encode())
    except (AttributeError, TypeError, ValueError) as error:
        raise faults.garbage(str(error)) from error
    if len({call.call_id for call in turn.calls}) < len(turn.calls):
        # The API takes one output an id: the next request would fail, after these calls had run.
        raise faults.garbage("two of its calls have the same call_id")
    if size > RESPONSE_MAX_BYTES:
        raise ApplicationError(
            f"The model's response is longer than {RESPONSE_MAX_BYTES} bytes.", type="ModelAnswer", non_retryable=True
        )
    return turn


def _turn(response: Response) -> ModelTurn:
    calls: list[FunctionCall] = []
    texts: list[str] = []
    refusals: list[str] = []
    for item in response.output:
        if isinstance(item, ResponseFunctionToolCall):
            calls.append(FunctionCall(call_id=item.call_id, name=item.name, arguments=item.arguments))
        elif isinstance(item, ResponseOutputMessage):
            for part in item.content:
                if part.type == "output_text":
                    texts.append(part.text)
                elif part.type == "refusal":
                    refusals.append(part.refusal)
    incomplete = response.incomplete_details
    return ModelTurn(
        status="completed" if response.status in ("completed", None) else "incomplete",
        items=tuple(item.model_dump(mode="json", exclude_unset=True) for item in response.output),
        calls=tuple(calls),
        text="".join(texts),
        refusal="".join(refusals),
        reason=str(incomplete.reason) if incomplete is not None else str(response.status),
        model=response.model,
        response_id=response.id,
        usage=_usage(response),
    )


def _usage(response: Response) -> Usage:
    used = response.usage
    if used is None:
        return Usage(model_requests=1)
    details_in, details_out = used.input_tokens_details, used.output_tokens_details
    return Usage(
        model_requests=1,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cached_tokens=details_in.cached_tokens if details_in is not None else 0,
        reasoning_tokens=details_out.reasoning_tokens if details_out is not None else 0,
    )
