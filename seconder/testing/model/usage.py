"""Token counts that behave like the real ones, by an estimate: one token for every four bytes of JSON or text.

What grows, shrinks and is cached does so as with the real API; the absolute numbers are those of no tokenizer. Cached
tokens are the prefix that a request shares with an earlier one of its conversation, in steps of 128 from 1,024 up, with
tools first, then the instructions and the output format, then the input.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from seconder.testing.model.request import ModelRequest
from seconder.testing.model.script import FunctionCall, Item, Reasoning, Refusal, Text

_BYTES_PER_TOKEN = 4
_SMALLEST_CACHED = 1024
_CACHE_STEP = 128
_REMEMBERED_CONVERSATIONS = 1000


class Usage:
    """Counts the tokens of requests and remembers the last prompt of each conversation for the cached ones."""

    def __init__(self) -> None:
        self._prompts: OrderedDict[bytes, bytes] = OrderedDict()

    def of(self, request: ModelRequest, items: Sequence[Item]) -> dict[str, Any]:
        """The `usage` of a response that answers a request with these items."""
        prompt = _prompt(request)
        input_tokens = _tokens(len(prompt))
        reasoning_tokens = sum(item.tokens for item in items if isinstance(item, Reasoning))
        output_tokens = reasoning_tokens + sum(_tokens(_size(item)) for item in items)
        return {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cached_tokens": self._cached(request, prompt), "cache_write_tokens": 0},
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
            "total_tokens": input_tokens + output_tokens,
        }

    def _cached(self, request: ModelRequest, prompt: bytes) -> int:
        conversation = sha256(f"{request.model}\n{request.instructions}\n{request.task}".encode()).digest()
        earlier = self._prompts.pop(conversation, b"")
        self._prompts[conversation] = prompt
        if len(self._prompts) > _REMEMBERED_CONVERSATIONS:
            self._prompts.popitem(last=False)
        shared = _shared_prefix(earlier, prompt) // _BYTES_PER_TOKEN
        return shared - shared % _CACHE_STEP if shared >= _SMALLEST_CACHED else 0


def _prompt(request: ModelRequest) -> bytes:
    body = request.body
    parts = [body.get("tools") or [], request.instructions, body.get("text") or {}, *request.items]
    return "\n".join(json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in parts).encode()


def _size(item: Item) -> int:
    match item:
        case Text(text=said) | Refusal(refusal=said):
            return len(said.encode())
        case FunctionCall(name=name, arguments=arguments):
            return len(name.encode()) + len(arguments.encode())
        case Reasoning():
            return 0


def _tokens(size: int) -> int:
    return -(-size // _BYTES_PER_TOKEN)


def _shared_prefix(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
