"""What a tool's stub says: above all the names by which the guest binds positional arguments."""

import ast
import functools
from typing import TypedDict


class Parameter(TypedDict):
    name: str
    kind: str
    required: bool


@functools.lru_cache(maxsize=512)
def parameters_of(stub: str, tool: str) -> tuple[Parameter, ...]:
    """The parameters in a stub such as `async def get_order(order_id: int) -> Order`, with or without a body.

    Classes and aliases before the function are fine. Raises ValueError if the stub does not define `tool`, or takes
    `*args`, `**kwargs` or positional-only parameters: a call's arguments have names.
    """
    _, function = parsed_stub(stub, tool)
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
        raise ValueError(f"the stub of {tool} has parameters without a name of their own: {stub.strip()[:200]}")
    optional = len(arguments.args) - len(arguments.defaults)
    positional = [
        Parameter(name=argument.arg, kind="positional", required=index < optional)
        for index, argument in enumerate(arguments.args)
    ]
    keyword = [
        Parameter(name=argument.arg, kind="keyword", required=default is None)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return (*positional, *keyword)


def parsed_stub(stub: str, tool: str) -> tuple[ast.Module, ast.FunctionDef | ast.AsyncFunctionDef]:
    """A stub, with or without a body, and the function in it. Raises ValueError if it does not define `tool`."""
    for source in (stub, f"{stub.rstrip().rstrip(':')}: ..."):
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == tool:
                return tree, node
    raise ValueError(f"the stub of {tool} is no Python signature of it: {stub.strip()[:200]}")
