"""The body of a response, in the shape of the API's `Response` object."""

import time
from typing import Any

from seconder.testing.model.conversation import encrypted_content_of
from seconder.testing.model.ids import Origin, new_origins
from seconder.testing.model.request import ModelRequest
from seconder.testing.model.script import FunctionCall, Item, Reasoning, Refusal, Reply, Text

_TYPES: dict[type[Item], str] = {
    Text: "message",
    Refusal: "message",
    FunctionCall: "function_call",
    Reasoning: "reasoning",
}


def response_body(request: ModelRequest, reply: Reply, usage: dict[str, Any]) -> dict[str, Any]:
    """Render a reply; ids are new each time, as they are when a real request is retried."""
    body = request.body
    origins = new_origins([_TYPES[type(item)] for item in reply.items])
    with_reasoning = "reasoning.encrypted_content" in (body.get("include") or [])
    now = time.time()
    return {
        "id": (origins[0] if origins else new_origins(["message"])[0]).response_id,
        "object": "response",
        "created_at": now,
        "completed_at": now if reply.status == "completed" else None,
        "status": reply.status,
        "background": False,
        "error": {"code": reply.error[0], "message": reply.error[1]} if reply.error else None,
        "incomplete_details": {"reason": reply.reason} if reply.reason else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": request.model,
        "output": [
            _item(item, origin, reply.status, encrypted=with_reasoning)
            for item, origin in zip(reply.items, origins, strict=True)
        ],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "usage": None if reply.status == "failed" else usage,
        "user": None,
    }


def _item(item: Item, origin: Origin, status: str, *, encrypted: bool) -> dict[str, Any]:
    kind = _TYPES[type(item)]
    rendered: dict[str, Any] = {"id": origin.id_of(kind), "type": kind}
    ended = "completed" if status == "completed" else "incomplete"
    match item:
        case Text(text=said):
            part = {"type": "output_text", "text": said, "annotations": [], "logprobs": []}
            return rendered | {"role": "assistant", "status": ended, "content": [part]}
        case Refusal(refusal=said):
            return rendered | {
                "role": "assistant",
                "status": ended,
                "content": [{"type": "refusal", "refusal": said}],
            }
        case FunctionCall(name=name, arguments=arguments, call_id=call_id):
            return rendered | {
                "call_id": call_id or origin.id_of("call"),
                "name": name,
                "arguments": arguments,
                "status": ended,
            }
        case Reasoning(summary=summary):
            rendered["summary"] = [{"type": "summary_text", "text": summary}] if summary else []
            return rendered | ({"encrypted_content": encrypted_content_of(rendered["id"])} if encrypted else {})
