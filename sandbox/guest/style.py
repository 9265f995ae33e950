"""Whether a block awaits its calls.

The same tools serve both styles. In a block without any `async` or `await` a call returns its value; in every other
block a call returns a coroutine, and runs when it is awaited. One rule for the whole block: guessing per call would
sometimes run a side effect that was never awaited, or drop one that was meant.
"""

import ast

_ASYNC_SYNTAX = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)


def awaits_its_calls(tree: ast.AST) -> bool:
    """Whether a parsed block uses `async`, `await` or anything of `asyncio`."""
    return any(
        isinstance(node, _ASYNC_SYNTAX)
        or (isinstance(node, ast.comprehension) and node.is_async)
        or (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "asyncio")
        or (isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == "asyncio")
        for node in ast.walk(tree)
    )
