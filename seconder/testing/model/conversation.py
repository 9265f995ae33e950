"""What the API refuses about the input: calls and outputs that do not pair up, reasoning that was lost on the way.

With `store=False` the caller carries the whole conversation, so these are the mistakes that break a session.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from seconder.testing.model.errors import ApiError, missing, wrong_type
from seconder.testing.model.ids import Origin, is_assistant_item, origin_of

Items = Sequence[Mapping[str, Any]]

_PARTS = {
    "user": ("input_text", "input_image", "input_file"),
    "system": ("input_text",),
    "developer": ("input_text",),
    "assistant": ("output_text", "refusal"),
}


def check_input(body: Mapping[str, Any]) -> None:
    """Raise the `ApiError` of the first item that the real API would refuse."""
    if body.get("input") is None:
        raise missing("input")
    given = body["input"]
    if isinstance(given, str):
        return
    if not isinstance(given, list):
        raise wrong_type("input", "a string or an array of items", given)
    if not given:
        raise ApiError("Invalid 'input': expected at least one item.", code="empty_array", param="input")
    for place, item in enumerate(given):
        _check_item(item, f"input[{place}]")
    _refuse_duplicates(given)
    _check_calls_and_outputs(given)
    _check_reasoning_is_carried(given, stored=body.get("store") is not False)


def encrypted_content_of(reasoning_id: str) -> str:
    """The opaque content of a reasoning item, bound to its id so that a mixed-up one is noticed."""
    return "gAAAAA" + sha256(f"encrypted {reasoning_id}".encode()).hexdigest()


def _check_item(item: object, param: str) -> None:
    if not isinstance(item, Mapping):
        raise wrong_type(param, "an object", item)
    kind = item.get("type", "message")
    if kind not in _FIELDS:
        raise ApiError(
            f"Invalid value: '{kind}'. The scripted model supports: {', '.join(map(repr, _FIELDS))}.",
            code="invalid_value",
            param=f"{param}.type",
        )
    for name in _FIELDS[kind]:
        if item.get(name) is None:
            raise missing(f"{param}.{name}")
    _CHECKS[kind](item, param)


def _check_message(item: Mapping[str, Any], param: str) -> None:
    role, content = item["role"], item["content"]
    if role not in _PARTS:
        raise ApiError(
            f"Invalid value: '{role}'. Supported values are: {', '.join(map(repr, _PARTS))}.",
            code="invalid_value",
            param=f"{param}.role",
        )
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise wrong_type(f"{param}.content", "a string or an array of objects", content)
    for place, part in enumerate(content):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind not in _PARTS[role]:
            raise ApiError(
                f"Invalid value: '{kind}'. Supported values are: {', '.join(map(repr, _PARTS[role]))}.",
                code="invalid_value",
                param=f"{param}.content[{place}].type",
            )


def _check_function_call(item: Mapping[str, Any], param: str) -> None:
    for name in ("call_id", "name", "arguments"):
        if not isinstance(item[name], str):
            raise wrong_type(f"{param}.{name}", "a string", item[name])


def _check_function_call_output(item: Mapping[str, Any], param: str) -> None:
    if not isinstance(item["call_id"], str):
        raise wrong_type(f"{param}.call_id", "a string", item["call_id"])
    if not isinstance(item["output"], str | list):
        raise wrong_type(f"{param}.output", "a string or an array of objects", item["output"])


def _check_reasoning(item: Mapping[str, Any], param: str) -> None:
    if not isinstance(item["summary"], list):
        raise wrong_type(f"{param}.summary", "an array of objects", item["summary"])


_FIELDS = {
    "message": ("role", "content"),
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "reasoning": ("id", "summary"),
}
_CHECKS: dict[str, Callable[[Mapping[str, Any], str], None]] = {
    "message": _check_message,
    "function_call": _check_function_call,
    "function_call_output": _check_function_call_output,
    "reasoning": _check_reasoning,
}


def _refuse_duplicates(items: Items) -> None:
    seen: set[str] = set()
    for item in items:
        if item.get("id") in seen:
            raise _input_error(
                f"Duplicate item found with id {item['id']}. Remove duplicate items from your input and try again."
            )
        if isinstance(item.get("id"), str):
            seen.add(item["id"])


def _check_calls_and_outputs(items: Items) -> None:
    called: set[str] = set()
    answered: set[str] = set()
    for item in items:
        if item.get("type") == "function_call":
            called.add(item["call_id"])
        elif item.get("type") == "function_call_output":
            call_id = item["call_id"]
            if call_id not in called:
                raise _input_error(f"No tool call found for function call output with call_id {call_id}.")
            if call_id in answered:
                raise _input_error(f"Duplicate function call output with call_id {call_id}.")
            answered.add(call_id)
    unanswered = sorted(called - answered)
    if unanswered:
        raise _input_error(f"No tool output found for function call {unanswered[0]}.")


def _check_reasoning_is_carried(items: Items, *, stored: bool) -> None:
    carried: set[tuple[str, int]] = set()
    for place, item in enumerate(items):
        origin = origin_of(item) if is_assistant_item(item) else None
        if item.get("type") == "reasoning":
            following = origin_of(items[place + 1]) if place + 1 < len(items) else None
            _check_carried_reasoning(item, stored=stored)
            if origin and origin.pair is not None:
                carried.add((origin.response, origin.place))
                if not following or (following.response, following.place) != (origin.response, origin.pair):
                    raise _input_error(
                        f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
                    )
        elif origin and origin.pair is not None and (origin.response, origin.pair) not in carried:
            required = Origin(origin.response, origin.pair, origin.pair + 1).id_of("reasoning")
            raise _input_error(
                f"Item '{item.get('id', item.get('call_id'))}' of type '{item.get('type', 'message')}' was provided "
                f"without its required 'reasoning' item: '{required}'."
            )


def _check_carried_reasoning(item: Mapping[str, Any], *, stored: bool) -> None:
    content = item.get("encrypted_content")
    if content is None and not stored:
        raise ApiError(
            f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false. "
            "Ask for 'reasoning.encrypted_content' in 'include' and carry it along, or remove this item.",
            status=404,
            param="input",
        )
    if content is not None and content != encrypted_content_of(item["id"]):
        raise ApiError(
            f"The encrypted content for item {item['id']} could not be verified.",
            code="invalid_encrypted_content",
        )


def _input_error(message: str) -> ApiError:
    return ApiError(message, param="input")
