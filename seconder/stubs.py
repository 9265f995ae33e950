"""Typed Python signatures for the model, drawn from the JSON Schemas that the calls really obey.

Code in a block sees plain JSON values, so a `date` is a `str` and a model is a dict with known keys; drawing the stubs
from the schemas, rather than from the annotations, keeps them true.
"""

import keyword
from collections.abc import Mapping
from typing import Any, Final

_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_DESCRIBED_FORMATS = {"date", "date-time", "time", "email", "uuid", "duration"}


FETCH_STUB: Final = '''\
class FetchResponse(TypedDict):
    status: int
    headers: dict[str, str]  # names in lower case
    body: str
    base64: NotRequired[bool]  # whether body is base64, as it is no text

async def fetch(
    url: str, method: str = "GET", headers: dict[str, str] = {}, body: str | None = None
) -> FetchResponse:
    """Fetch over HTTPS from an allowed host; a redirect is returned and not followed."""
'''
"""The built-in call of blocks whose agent allows domains."""


def render_stub(
    name: str, description: str, arguments_schema: Mapping[str, Any], result_schema: Mapping[str, Any]
) -> str:
    """One `async def` with its docstring, preceded by the TypedDicts that it uses."""
    definitions = {**arguments_schema.get("$defs", {}), **result_schema.get("$defs", {})}
    if result_schema.get("type") == "object" and "properties" in result_schema:
        title = _identifier(str(result_schema.get("title", f"{name}_result")))
        definitions[title] = result_schema
        returned = title
    else:
        returned = _type_of(result_schema)
    classes = "".join(_render_class(key, schema) for key, schema in sorted(definitions.items()))
    return f"{classes}{_render_function(name, description, arguments_schema, returned)}"


def _render_function(name: str, description: str, arguments_schema: Mapping[str, Any], returned: str) -> str:
    required = set(arguments_schema.get("required", ()))
    parameters, notes = [], []
    for key, schema in arguments_schema.get("properties", {}).items():
        default = "" if key in required else f" = {schema.get('default')!r}"
        parameters.append(f"{key}: {_type_of(schema)}{default}")
        if note := _note_on(schema):
            notes.append(f"        {key}: {note}")
    separator = "*, " if len(parameters) > 1 else ""
    head = f"async def {name}({separator}{', '.join(parameters)}) -> {returned}:"
    if not notes and len(description.splitlines()) == 1:
        return f"{head} ...  # {description}\n"
    if notes:
        notes = ["", "    Args:", *notes, '    """']
    body = "\n".join([f'    """{_docstring(description)}', *notes]) + ("" if notes else '"""')
    return f"{head}\n{body}\n"


def _render_class(name: str, schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "properties" not in schema:
        return f"{_identifier(name)} = {_type_of(schema)}\n"
    fields = schema["properties"]
    head = f"class {_identifier(name)}(TypedDict):"
    if not any(map(_note_on, fields.values())):
        body = "; ".join(f"{key}: {_type_of(field)}" for key, field in fields.items())
        return f"{head} {body or '...'}\n"
    lines = [head]
    for key, field in fields.items():
        note = f"  # {text}" if (text := _note_on(field)) else ""
        lines.append(f"    {key}: {_type_of(field)}{note}")
    return "\n".join(lines) + "\n"


def _type_of(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _identifier(str(schema["$ref"]).rsplit("/", 1)[-1])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(repr(value) for value in schema['enum'])}]"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(_type_of(member) for member in schema[union]))
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return _type_of(schema["allOf"][0])
    kind = schema.get("type")
    if kind == "array":
        return _array_type(schema)
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_type_of(values)}]" if isinstance(values, Mapping) else "dict[str, Any]"
    return _SCALARS.get(str(kind), "Any")


def _array_type(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"list[{' | '.join(dict.fromkeys(_type_of(item) for item in schema['prefixItems']))}]"
    items = schema.get("items")
    return f"list[{_type_of(items)}]" if isinstance(items, Mapping) else "list[Any]"


def _note_on(schema: Mapping[str, Any]) -> str:
    parts = []
    if description := schema.get("description"):
        parts.append(" ".join(str(description).split()))
    if schema.get("format") in _DESCRIBED_FORMATS:
        parts.append(f"({schema['format']})")
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema]
    if limits:
        parts.append(f"({', '.join(limits)})")
    return " ".join(parts)


def _docstring(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', "'''")
    return escaped.replace("\n", "\n    ").replace("    \n", "\n")


def _identifier(name: str) -> str:
    cleaned = "".join(character if character.isalnum() or character == "_" else "_" for character in name)
    return f"{cleaned}_" if keyword.iskeyword(cleaned) or cleaned[:1].isdigit() else cleaned
