"""From a typed Python function to what others need of it: a model of its arguments and an adapter for its result.

Both are made once, when the tool is declared, so that an unusable signature stops the import and not a session.
"""

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PydanticSchemaGenerationError, TypeAdapter, create_model
from pydantic.errors import PydanticInvalidForJsonSchema

from seconder.errors import ConfigurationError

_ARGUMENT_LINE = re.compile(r"^(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")
_SECTION_LINE = re.compile(r"^(Args|Arguments|Returns|Raises|Yields|Examples?|Notes?):\s*$")


class Arguments(BaseModel):
    """The base of every tool's arguments: nothing unknown is let through, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes and gives.

    `context_parameter` is the name under which it takes the `ToolContext`, if it takes one.
    """

    description: str
    arguments: type[Arguments]
    result: TypeAdapter[Any]
    arguments_schema: dict[str, Any]
    result_schema: dict[str, Any]
    context_parameter: str | None


def read_signature(function: Callable[..., Any], name: str, context_type: type) -> Signature:
    """Read a tool function's parameters, result and docstring.

    Raises:
        ConfigurationError: a parameter has no annotation, is variadic or positional-only, a type cannot be carried
            as JSON, or there is no docstring for the model and the approver to read.
    """
    documentation = inspect.getdoc(function)
    if not documentation:
        raise ConfigurationError(
            f"Tool {name!r} has no docstring; the model and the approver need one sentence on what it does."
        )
    description, argument_docs = split_docstring(documentation)
    hints = _type_hints(function, name)
    fields: dict[str, Any] = {}
    context_parameter = None
    for parameter in inspect.signature(function).parameters.values():
        annotation = hints.get(parameter.name)
        if annotation is context_type:
            context_parameter = parameter.name
            continue
        _refuse_unusable(parameter, annotation, name)
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        described = Field(description=argument_docs.get(parameter.name))
        fields[parameter.name] = (Annotated[annotation, described], default)
    if "return" not in hints:
        raise ConfigurationError(f"Tool {name!r} does not say what it returns; annotate it (`-> None` is fine).")
    try:
        arguments = create_model(f"{name}_arguments", __base__=Arguments, **fields)
        result = TypeAdapter[Any](hints["return"])
        return Signature(
            description=description,
            arguments=arguments,
            result=result,
            arguments_schema=arguments.model_json_schema(mode="validation"),
            result_schema=result.json_schema(mode="serialization"),
            context_parameter=context_parameter,
        )
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema, NameError) as error:
        raise ConfigurationError(f"Tool {name!r} uses a type that JSON cannot carry: {error}") from error


def split_docstring(documentation: str) -> tuple[str, dict[str, str]]:
    """Split a Google-style docstring into its text and the descriptions under `Args:`."""
    text: list[str] = []
    arguments: dict[str, str] = {}
    section, current = "", ""
    for line in documentation.splitlines():
        if heading := _SECTION_LINE.match(line):
            section = heading.group(1)
        elif not section:
            text.append(line)
        elif section in ("Args", "Arguments") and line.strip():
            entry = _ARGUMENT_LINE.match(line.strip())
            indented_deeper = len(line) - len(line.lstrip()) > 4
            if entry and not (current and indented_deeper):
                current = entry.group(1)
                arguments[current] = entry.group(2)
            elif current:
                arguments[current] = f"{arguments[current]} {line.strip()}".strip()
    return "\n".join(text).strip(), arguments


def _type_hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise ConfigurationError(
            f"Tool {name!r}: an annotation cannot be resolved ({error}). Declare the type at module level."
        ) from error


def _refuse_unusable(parameter: inspect.Parameter, annotation: object, name: str) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise ConfigurationError(
            f"Tool {name!r}: parameter {parameter.name!r} must be an ordinary named one; "
            "an approver has to see every argument by its name."
        )
    if annotation is None and parameter.annotation is inspect.Parameter.empty:
        raise ConfigurationError(f"Tool {name!r}: parameter {parameter.name!r} has no type annotation.")
    if parameter.name.startswith("_"):
        raise ConfigurationError(f"Tool {name!r}: parameter {parameter.name!r} must not begin with an underscore.")
