"""JSON Schema as the API takes it: always sound, and in strict mode a closed subset.

Strict mode asks of every object that it closes itself (`additionalProperties: false`) and requires each of its
properties; optional values are written as a union with null.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
_NOT_IN_STRICT = (
    "allOf",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "not",
    "oneOf",
    "patternProperties",
    "then",
)

Context = tuple[str, ...]


def schema_problem(schema: object, *, strict: bool) -> str | None:
    """The first thing that is wrong with a schema, worded as the API does; None when it is sound."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        given = schema.get("type") if isinstance(schema, Mapping) else None
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{given}\"'."
    return next(
        (f"In context={context}, {problem}" for context, problem in _problems(schema, schema, (), strict)), None
    )


def _problems(node: object, root: Mapping[str, Any], at: Context, strict: bool) -> Iterator[tuple[Context, str]]:  # noqa: FBT001
    if isinstance(node, bool) and not strict:
        return
    if not isinstance(node, Mapping):
        yield at, f"{node!r} is not of type 'object', 'boolean'."
        return
    types = node["type"] if isinstance(node.get("type"), list) else [node.get("type")]
    for kind in types:
        if "type" in node and kind not in _TYPES:
            yield at, f"{kind!r} is not valid under any of the given schemas."
    if "$ref" in node and not _resolves(node["$ref"], root):
        yield at, f"reference to component {node['$ref']!r} which was not found in the schema."
    if "object" in types:
        yield from ((at, problem) for problem in _object_problems(node, strict=strict))
    if strict:
        yield from ((at, f"'{keyword}' is not permitted.") for keyword in _NOT_IN_STRICT if keyword in node)
        if "array" in types and "items" not in node:
            yield at, "array schema missing items."
    for context, child in _children(node):
        yield from _problems(child, root, at + context, strict)


def _object_problems(node: Mapping[str, Any], *, strict: bool) -> Iterator[str]:
    properties, required = node.get("properties", {}), node.get("required", [])
    if not isinstance(properties, Mapping):
        yield f"'properties' must be an object, got {properties!r}."
        return
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield f"'required' must be an array of strings, got {required!r}."
        return
    if not strict:
        return
    if node.get("additionalProperties") is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    for name in properties:
        if name not in required:
            yield (
                "'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{name}'."
            )
    for name in required:
        if name not in properties:
            yield f"'required' is required to be an array of keys in properties. Extra required key '{name}' supplied."


def _children(node: Mapping[str, Any]) -> Iterator[tuple[Context, object]]:
    for keyword in ("properties", "$defs", "definitions"):
        if isinstance(node.get(keyword), Mapping):
            yield from (((keyword, name), child) for name, child in node[keyword].items())
    for keyword in ("anyOf", "oneOf", "allOf"):
        if isinstance(node.get(keyword), list):
            yield from (((keyword, str(place)), child) for place, child in enumerate(node[keyword]))
    if "items" in node:
        yield ("items",), node["items"]
    if isinstance(node.get("additionalProperties"), Mapping):
        yield ("additionalProperties",), node["additionalProperties"]


def _resolves(reference: object, root: Mapping[str, Any]) -> bool:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return False
    found: object = root
    for step in reference.split("/")[1:]:
        if not isinstance(found, Mapping) or step not in found:
            return False
        found = found[step]
    return True
