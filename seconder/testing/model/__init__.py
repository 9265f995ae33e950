"""A scripted model behind OpenAI's Responses API, for demos and tests that need no account and no network.

    script = Script(turns=[
        [reasoning(), code("total = sum(o['total'] for o in await list_orders(7))\\ntotal", purpose="Add up")],
        [function_call("issue_refund", {"order_id": 7, "amount": "4.80"})],
        lambda request: [text(f"The refund was {request.outputs()[-1].value['status']}.")],
    ])
    async with ScriptedModel(script, api_key="sk-local") as model:
        client = AsyncOpenAI(base_url=model.base_url, api_key="sk-local")

It is a real HTTP server on loopback, reached with the unmodified `openai` package, and it refuses what the real API
refuses: what passes here is a conversation that the real one would take.
"""

from seconder.testing.model.faults import Fault, delayed, dropped, garbage, http_error
from seconder.testing.model.request import ModelRequest, ToolOutput
from seconder.testing.model.script import (
    Item,
    Reply,
    Script,
    code,
    failed,
    function_call,
    incomplete,
    reasoning,
    refusal,
    text,
)
from seconder.testing.model.server import ScriptedModel

__all__ = [
    "Fault",
    "Item",
    "ModelRequest",
    "Reply",
    "Script",
    "ScriptedModel",
    "ToolOutput",
    "code",
    "delayed",
    "dropped",
    "failed",
    "function_call",
    "garbage",
    "http_error",
    "incomplete",
    "reasoning",
    "refusal",
    "text",
]
