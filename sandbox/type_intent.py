"""What a block shows that it means: which errors it is ready for, and which keys it makes itself."""

import ast
from collections.abc import Iterable


def errors_expected(nodes: Iterable[ast.AST]) -> dict[int, frozenset[str]]:
    """The names of the errors that are caught around each node, by its identity."""
    expected: dict[int, frozenset[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Try | ast.TryStar):
            caught = [handler.type or ast.Name("BaseException") for handler in node.handlers]
            names = {name.id for kind in caught for name in ast.walk(kind) if isinstance(name, ast.Name)}
            for inner in (inner for statement in node.body for inner in ast.walk(statement)):
                expected[id(inner)] = expected.get(id(inner), frozenset()) | names
    return expected


def keys_written_by(node: ast.AST) -> set[str]:
    """Keys that a block itself gives to some dict, which may be a tool's result."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(key)), ctx=ast.Store()):
            return {key}
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=str(key)), *_]):
            return {key}
        case ast.Call(func=ast.Attribute(attr="update"), args=arguments, keywords=keywords):
            given = (key for argument in arguments if isinstance(argument, ast.Dict) for key in argument.keys)
            return {keyword.arg for keyword in keywords if keyword.arg} | set(_texts(given))
        case ast.AugAssign(op=ast.BitOr(), value=ast.Dict(keys=keys)):
            return set(_texts(keys))
    return set()


def _texts(nodes: Iterable[ast.expr | None]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
