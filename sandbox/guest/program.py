"""Running one block: bind its tools, run it, send back what became of it."""

import ast
import asyncio
import builtins
import inspect
import itertools
import json
import linecache
import sys
import traceback
import types
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from sandbox.guest import fixed, output
from sandbox.guest.bridge import Exchange, OutcomeUnknown, ToolError, bridge
from sandbox.guest.style import awaits_its_calls
from sandbox.guest.values import ValueTooLarge, json_text

BLOCK = "block"
_RESULT = "__block_result__"
_MAX_MESSAGE = 8_000
_MAX_TRACEBACK = 16_000
_MAX_NAME = 256
_KINDS = {
    "positional": inspect.Parameter.POSITIONAL_OR_KEYWORD,
    "keyword": inspect.Parameter.KEYWORD_ONLY,
}


def run(opening: str, exchange: Exchange, write: Callable[[bytes], None]) -> str:
    """Run the block that `opening` describes and return the last message for the host."""
    block = json.loads(opening)
    bridge.exchange = exchange
    output.open_output(write, block["stdout_bytes"])
    fixed.fix(block["seed"], block["started_at"])
    message = _Program(block).run()
    message["kept_back"] = output.kept_back()
    return json.dumps(message)


class _Program:
    def __init__(self, block: dict[str, Any]) -> None:
        self.block = block
        self.code: str = block["code"]
        self.awaits = False

    def run(self) -> dict[str, object]:
        linecache.cache[BLOCK] = (len(self.code), None, self.code.splitlines(keepends=True), BLOCK)
        module = types.ModuleType("__main__")
        own_main, sys.modules["__main__"] = sys.modules["__main__"], module
        try:
            program = self.compiled()
            self.bind(module.__dict__)
            self.execute(program, module.__dict__)
            result = json_text(module.__dict__.get(_RESULT), self.block["result_bytes"], "the result")
            return {"op": "done", "result": json.loads(result)}
        except SystemExit as leaving:
            return {"op": "done", "result": None} if leaving.code in (None, 0) else self.failure(leaving)
        except ValueTooLarge as error:
            limit = getattr(error, "limit", "result_bytes")
            error.add_note(f"(limit {limit}={self.block[limit]:,})")
            return self.failure(error, limit=limit)
        except BaseException as error:  # noqa: BLE001 - whatever ends a block is told to the host
            return self.failure(error, limit="memory_bytes" if isinstance(error, MemoryError) else None)
        finally:
            sys.modules["__main__"] = own_main

    def compiled(self) -> types.CodeType:
        tree = ast.parse(self.code, BLOCK)
        self.awaits = awaits_its_calls(tree)
        if tree.body and isinstance(last := tree.body[-1], ast.Expr):
            target = ast.copy_location(ast.Name(_RESULT, ast.Store()), last)
            tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
        program: types.CodeType = compile(tree, BLOCK, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return program

    def bind(self, names: dict[str, object]) -> None:
        tools = {tool["name"]: self.tool(tool["name"], tool["parameters"]) for tool in self.block["tools"]}

        def call_tool(tool: str, /, **arguments: object) -> object:
            """Call a tool by its name; a name outside the grant raises PermissionError."""
            if not isinstance(tool, str):
                raise TypeError(f"call_tool(): the name of a tool is text, not {type(tool).__name__}")
            if not tool.isidentifier() or len(tool) > _MAX_NAME:
                raise PermissionError(f"{_cut(tool, _MAX_NAME)!r} is not among the tools that this block may call")
            return (tools.get(tool) or self.tool(tool, None))(**arguments)

        def finish(value: object) -> NoReturn:
            """End the block and the session: `value` is the session's output."""
            bridge.finish(json_text(value, self.block["result_bytes"], "the value of finish"))

        errors = {"ToolError": ToolError, "OutcomeUnknown": OutcomeUnknown}
        names.update(tools, **errors, call_tool=call_tool, finish=finish, __builtins__=builtins)

    def tool(self, name: str, parameters: list[dict[str, Any]] | None) -> Callable[..., object]:
        bind = _any_keywords if parameters is None else _binder(parameters)

        def tool(*args: object, **kwargs: object) -> object:
            try:
                arguments = bind(args, kwargs)
            except TypeError as error:
                takes = ", ".join(parameter["name"] for parameter in parameters or ()) or "no arguments"
                hint = "" if parameters is None else f"; it takes {takes}"
                raise TypeError(f"{name}(): {error}{hint}") from None
            text = self.argument_text(name, arguments)
            if not self.awaits:
                return bridge.call(name, text)
            call = bridge.call_async(name, text)
            for attribute in ("__name__", "__qualname__"):
                setattr(call, attribute, name)
            return call

        tool.__name__ = tool.__qualname__ = name
        return tool

    def argument_text(self, name: str, arguments: dict[str, object]) -> str:
        try:
            return json_text(arguments, self.block["argument_bytes"], f"the arguments of {name}: ")
        except ValueTooLarge as error:
            error.limit = "argument_bytes"  # type: ignore[attr-defined]
            raise

    def execute(self, program: types.CodeType, names: dict[str, object]) -> None:
        if program.co_flags & inspect.CO_COROUTINE:
            coroutine: Coroutine[Any, Any, object] = types.FunctionType(program, names)()
            asyncio.run(coroutine)
        else:
            exec(program, names)  # noqa: S102 - this is what the guest is for

    def failure(self, error: BaseException, limit: str | None = None) -> dict[str, object]:
        message = _cut(str(error) or repr(error) if not isinstance(error, KeyError) else repr(error), _MAX_MESSAGE)
        if self.awaits and isinstance(error, TypeError) and "coroutine" in message:
            message += " (a tool call returns a coroutine in a block that uses async or await: write `await` before it)"
        return {
            "op": "failed",
            "error": _cut(type(error).__name__, _MAX_NAME),
            "message": message,
            "traceback": _cut(_render(error), _MAX_TRACEBACK),
            "limit": limit,
        }


def _any_keywords(args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
    if args:
        raise TypeError("takes keyword arguments only")
    return kwargs


def _binder(parameters: list[dict[str, Any]]) -> Callable[..., dict[str, object]]:
    signature = inspect.Signature(
        [
            inspect.Parameter(
                parameter["name"],
                _KINDS[parameter["kind"]],
                default=inspect.Parameter.empty if parameter["required"] else None,
            )
            for parameter in parameters
        ]
    )
    return lambda args, kwargs: signature.bind(*args, **kwargs).arguments


def _render(error: BaseException) -> str:
    """The traceback as CPython prints it, without the frames of this package."""
    try:
        rendered = traceback.TracebackException.from_exception(error, max_group_width=8, max_group_depth=4)
        _drop_own_frames(rendered, set())
        return "".join(rendered.format())
    except RecursionError:
        return f"{type(error).__name__}: the traceback is too deep to be shown\n"


def _drop_own_frames(rendered: traceback.TracebackException, seen: set[int]) -> None:
    if id(rendered) in seen:
        return
    seen.add(id(rendered))
    kept = [
        frame
        for frame in itertools.dropwhile(lambda frame: frame.filename != BLOCK, rendered.stack)
        if not frame.filename.startswith("<seconder>")
    ]
    rendered.stack = traceback.StackSummary.from_list(kept)
    for linked in (rendered.__cause__, rendered.__context__, *(rendered.exceptions or ())):
        if linked is not None:
            _drop_own_frames(linked, seen)


def _cut(text: str, size: int) -> str:
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= size:
        return text
    return f"{text[: size // 3]}\n… {len(text) - size:,} characters left out …\n{text[-(size * 2 // 3) :]}"
