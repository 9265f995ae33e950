"""The host's side of a run, without a guest: messages in, replies out."""

import asyncio
import json
import time
from datetime import UTC, datetime

from pydantic import JsonValue

from sandbox.conversation import Conversation
from sandbox.guest.values import json_text
from sandbox.protocol import Answer, BlockSpec, Call, Journal, ValueAnswer

CALL = b'{"op":"calls","calls":[{"number":1,"tool":"list_orders","arguments":{}}],"need":1}'


async def test_a_large_answer_holds_up_no_other_task_of_the_worker() -> None:
    """Walking thousands of rows takes the event loop less of the processor than it would in place."""
    rows: list[JsonValue] = [{"order": number, "total": "12.50", "customer": "ACME"} for number in range(15_000)]

    async def answer(_: Call) -> Answer:
        return ValueAnswer(value=rows)

    journal = Journal(seed="s", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    conversation = Conversation(BlockSpec(code="", tools=("list_orders",), journal=journal), answer, recorded_by="none")
    reply = asyncio.create_task(conversation.hear(CALL))
    longest = 0.0
    while not reply.done():
        before = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)

    before = time.thread_time()
    json_text(rows, 2**20)
    in_place = time.thread_time() - before
    step = await reply
    assert isinstance(step, bytes)
    assert json.loads(step)["answers"][0]["value"] == rows
    assert longest < in_place
