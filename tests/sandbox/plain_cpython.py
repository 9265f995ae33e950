"""Runs blocks in the CPython that runs this file: `python -I plain_cpython.py <shop.py> <start> < programs.json`.

What a sandbox is compared with, so it shares no code with one: it follows the page on sandboxes alone. Each program
gets a process of its own; the answer is `{name: {"stdout": …, "result": …} | {"stdout": …, "error": …}}`.
"""

import __future__

import ast
import asyncio
import base64
import dataclasses
import datetime
import decimal
import enum
import fractions
import inspect
import io
import json
import os
import re
import runpy
import sys
import time
import types
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

# Guests run Python 3.14, which evaluates no annotation until somebody asks for it.
_AS_3_14 = 0 if sys.version_info >= (3, 14) else __future__.annotations.compiler_flag


class ToolError(Exception):
    """What a block may catch when a tool failed."""


def main() -> None:
    tools = runpy.run_path(sys.argv[1])["TOOLS"]
    _stop_the_clock(datetime.datetime.fromisoformat(sys.argv[2]))
    ended = {name: _run_apart(code, tools) for name, code in json.load(sys.stdin).items()}
    json.dump(ended, sys.stdout)


def _run_apart(code: str, tools: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(_run(code, tools), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        ended: dict[str, Any] = json.load(pipe)
    os.waitpid(child, 0)
    return ended


def _run(code: str, tools: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        try:
            ended = {"result": to_json(_value_of(code, tools))}
        except Exception as error:  # noqa: BLE001 - how a program ends is what is compared
            ended = {"error": type(error).__name__}
    return {"stdout": output.getvalue(), **ended}


def _value_of(code: str, tools: Mapping[str, Callable[..., Any]]) -> object:
    """Runs all but the last expression as statements, then that one for its value."""
    awaits = re.search(r"\b(async|await|asyncio)\b", code) is not None
    bound = {name: _bound(tool, awaits=awaits) for name, tool in tools.items()}
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    names = module.__dict__
    names.update(bound, call_tool=lambda name, /, **arguments: bound[name](**arguments), ToolError=ToolError)
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    expression = ast.Expression(last.value) if isinstance(last, ast.Expr) else ast.parse("None", mode="eval")

    async def awaited() -> object:
        for part, mode in ((tree, "exec"), (expression, "eval")):
            value = eval(compile(part, "block", mode, _AS_3_14 | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
            value = await value if inspect.iscoroutine(value) else value
        return value

    if awaits and "asyncio.run(" not in code:
        return asyncio.run(awaited())
    exec(compile(tree, "block", "exec", _AS_3_14), names)  # noqa: S102
    return eval(compile(expression, "block", "eval", _AS_3_14), names)  # noqa: S307


def _bound(tool: Callable[..., Any], *, awaits: bool) -> Callable[..., Any]:
    signature = inspect.signature(tool)

    def call(*args: object, **kwargs: object) -> object:
        arguments = to_json(signature.bind(*args, **kwargs).arguments)
        try:
            return json.loads(json.dumps(tool(**arguments)))
        except PermissionError:
            raise
        except LookupError as error:
            kind = type(type(error).__name__, (ToolError, type(error)), {})
            raise kind(*error.args) from None

    async def call_async(*args: object, **kwargs: object) -> object:
        await asyncio.sleep(0)
        return call(*args, **kwargs)

    return call_async if awaits else call


def to_json(value: Any) -> Any:
    """The value by the table in `docs/sandbox.md`."""
    match value:
        case enum.Enum():
            return to_json(value.value)
        case None | bool() | str() | float():
            return value
        case int():
            return value if abs(value) < 2**53 else str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return value.total_seconds()
        case decimal.Decimal() | fractions.Fraction():
            return str(value)
        case Mapping():
            return {to_json(key) if isinstance(key, str) else str(to_json(key)): to_json(value[key]) for key in value}
        case tuple() if hasattr(value, "_asdict"):
            return to_json(value._asdict())
        case set() | frozenset():
            return sorted(to_json(item) for item in value)
        case _ if dataclasses.is_dataclass(value):
            return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            return [to_json(item) for item in value]


def _stop_the_clock(start: datetime.datetime) -> None:
    class Stopped(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Stopped":
            return cls.fromtimestamp(start.timestamp(), tz)

    Stopped.__name__ = Stopped.__qualname__ = "datetime"
    Stopped.__module__ = "datetime"
    os.environ["TZ"] = "UTC"
    time.tzset()
    time.time = start.timestamp
    datetime.datetime = Stopped  # type: ignore[misc]


if __name__ == "__main__":
    main()
