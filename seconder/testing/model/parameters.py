"""What the API refuses about the parameters of a request; `conversation.py` has what it refuses about the input."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from seconder.testing.model.errors import ApiError, missing, wrong_type
from seconder.testing.model.schemas import schema_problem

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check_parameters(body: Mapping[str, Any], models: Collection[str]) -> None:
    """Raise the `ApiError` of the first parameter that the real API would refuse, or that needs a kept conversation."""
    if "model" not in body:
        raise missing("model")
    if body["model"] not in models:
        raise ApiError(f"The requested model '{body['model']}' does not exist.", code="model_not_found", param="model")
    if body.get("stream"):
        raise ApiError(
            "The scripted model does not stream: send the request without 'stream'.",
            code="unsupported_value",
            param="stream",
        )
    for param in ("previous_response_id", "conversation", "background"):
        if body.get(param):
            raise ApiError(
                f"The scripted model keeps no conversation: carry the items along in 'input' instead of '{param}'.",
                code="unsupported_parameter",
                param=param,
            )
    _check_tools(body.get("tools") or [])
    text = body.get("text") or {}
    if not isinstance(text, Mapping):
        raise wrong_type("text", "an object", text)
    _check_format(text.get("format") or {"type": "text"})


def _check_tools(tools: object) -> None:
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array of objects", tools)
    for place, tool in enumerate(tools):
        param = f"tools[{place}]"
        if not isinstance(tool, Mapping):
            raise wrong_type(param, "an object", tool)
        if tool.get("type") != "function":
            raise ApiError(
                f"Invalid value: '{tool.get('type')}'. The scripted model supports 'function'.",
                code="invalid_value",
                param=f"{param}.type",
            )
        _check_name(tool, f"{param}.name")
        if tool.get("parameters") is None:
            raise missing(f"{param}.parameters")
        problem = schema_problem(tool["parameters"], strict=tool.get("strict") is True)
        if problem:
            raise ApiError(
                f"Invalid schema for function '{tool['name']}': {problem}",
                code="invalid_function_parameters",
                param=f"{param}.parameters",
            )


def _check_format(wanted: object) -> None:
    if not isinstance(wanted, Mapping):
        raise wrong_type("text.format", "an object", wanted)
    if wanted.get("type") in {"text", "json_object"}:
        return
    if wanted.get("type") != "json_schema":
        raise ApiError(
            f"Invalid value: '{wanted.get('type')}'. Supported values are: 'json_object', 'json_schema', and 'text'.",
            code="invalid_value",
            param="text.format.type",
        )
    _check_name(wanted, "text.format.name")
    if "schema" not in wanted:
        raise missing("text.format.schema")
    problem = schema_problem(wanted["schema"], strict=wanted.get("strict") is True)
    if problem:
        raise ApiError(
            f"Invalid schema for response_format '{wanted['name']}': {problem}",
            code="invalid_json_schema",
            param="text.format.schema",
        )


def _check_name(holder: Mapping[str, Any], param: str) -> None:
    if "name" not in holder:
        raise missing(param)
    name = holder["name"]
    if not isinstance(name, str):
        raise wrong_type(param, "a string", name)
    if not _NAME.fullmatch(name):
        raise ApiError(
            f"Invalid '{param}': expected a string that matches the pattern '^[a-zA-Z0-9_-]{{1,64}}$', got {name!r}.",
            code="invalid_value",
            param=param,
        )
