"""The tools of an agent as a type checker is to see them: what they take, what they give, in either style of calling.

A block's arguments cross the bridge as JSON, where a Decimal becomes text and a set a list, so each parameter is
declared to take whatever would arrive as what the tool wants. Results are declared as they are.
"""

import ast
import builtins
import copy
from collections.abc import Mapping

from sandbox.signatures import parsed_stub

UNDECLARED = "undeclared__"
"""Stands in a block where an annotation was that proves nothing."""

_BLOCK_NAMES = """\
from typing import Any, NoReturn
type {undeclared} = Any
class ToolError(Exception):
    type: str
def finish(value: Any) -> NoReturn: ...
{define} call_tool(tool: str, /, **arguments: Any) -> Any: ...
"""
_BRIDGE = """\
from collections.abc import Iterator, Mapping, Set, ValuesView
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, ClassVar, Protocol
from uuid import UUID
class _Reversible[T](Protocol):
    def __iter__(self) -> Iterator[T]: ...
    def reverse(self) -> None: ...
class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]
class _Model(Protocol):
    def model_dump(self) -> Any: ...
type _text = str | bytes | bytearray | memoryview | date | time | Decimal | Fraction | PurePath | UUID | Enum
type _whole = float | timedelta | Enum
type _number = float | timedelta | Enum
type _truth = bool | Enum
type _many[T] = _Reversible[T] | tuple[T, ...] | Set[T] | range | ValuesView[T]
type _record = Mapping[str, Any] | tuple[Any, ...] | _Dataclass | _Model
"""
_BRIDGED = {"str": "_text", "int": "_whole", "float": "_number", "bool": "_truth"}


class ToolStub:
    """One stub, parsed: what the checker reads, and what messages say of it.

    Raises ValueError if the stub does not define the tool.
    """

    def __init__(self, name: str, stub: str) -> None:
        self.name = name
        tree, self._function = parsed_stub(stub, name)
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self.aliases = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        arguments = self._function.args
        self.parameters = {argument.arg: argument for argument in (*arguments.args, *arguments.kwonlyargs)}

    @property
    def signature(self) -> str:
        """The call as a model may write it, such as `get_order(order_id: int)`."""
        return f"{self.name}({ast.unparse(self._function.args)})"

    def parameter_at(self, place: int) -> str | None:
        """The parameter that a positional argument goes to, counted from 0."""
        return self._function.args.args[place].arg if place < len(self._function.args.args) else None

    def keys_of(self, class_name: str) -> list[str]:
        """The keys of a result's class; empty for a name that is none."""
        fields = self.classes[class_name].body if class_name in self.classes else []
        return [ast.unparse(field.target) for field in fields if isinstance(field, ast.AnnAssign)]

    def choices_of(self, parameter: str) -> list[object] | None:
        """The values that a parameter may have, where its stub lists them all."""
        argument = self.parameters.get(parameter)
        return self._choices(argument.annotation) if argument else None

    def annotation_of(self, parameter: str) -> str:
        annotation = self.parameters[parameter].annotation
        return ast.unparse(annotation) if annotation is not None else "Any"

    def declaration(self, *, awaits: bool) -> str:
        """The stub as a module of its own, so that classes of one name do not meet those of another tool."""
        function = copy.deepcopy(self._function)
        function.body = [ast.Expr(ast.Constant(...))]
        for argument in (*function.args.args, *function.args.kwonlyargs):
            argument.annotation = self._bridged(argument.annotation)
        parts: list[ast.stmt] = [ast.Assign([ast.Name(name)], value) for name, value in self.aliases.items()]
        for node in self.classes.values():
            # Keys of an argument may be left out where they have defaults, which the stub does not tell.
            node = copy.deepcopy(node)  # noqa: PLW2901
            node.keywords = [ast.keyword("total", ast.Constant(value=False))]
            parts.append(node)
        parts.append(_in_style(function, awaits=awaits))
        module = ast.fix_missing_locations(ast.Module(body=parts, type_ignores=[]))
        return f"from typing import *\nfrom _bridge import *\n{ast.unparse(module)}\n"

    def _bridged(self, annotation: ast.expr | None) -> ast.expr:
        match annotation:
            case ast.Constant(value=None):
                return annotation
            case ast.Name(id=name) if name in _BRIDGED:
                return ast.Name(_BRIDGED[name])
            case ast.Name(id=name) if name in self.classes:
                return ast.Name("_record")
            case ast.Name(id=name) if name in self.aliases:
                return self._bridged(self.aliases[name])
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return ast.BinOp(self._bridged(left), ast.BitOr(), self._bridged(right))
            case ast.Subscript(value=ast.Name(id="list"), slice=item):
                return ast.Subscript(ast.Name("_many"), self._bridged(item))
            case ast.Subscript(value=ast.Name(id="dict")):
                return ast.Name("_record")
            case ast.Subscript(value=ast.Name(id="Literal")):
                kinds = {type(value).__name__ for value in self._choices(annotation) or ()}
                if kinds <= {*_BRIDGED, "NoneType"}:
                    names = [ast.Name(_BRIDGED.get(kind, "None")) for kind in sorted(kinds)]
                    return ast.Subscript(ast.Name("Union"), ast.Tuple(list[ast.expr](names)))
        return ast.Name("Any")

    def _choices(self, annotation: ast.expr | None) -> list[object] | None:
        match annotation:
            case ast.Constant(value=None):
                return [None]
            case ast.Name(id=name) if name in self.aliases:
                return self._choices(self.aliases[name])
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                before, after = self._choices(left), self._choices(right)
                return None if before is None or after is None else before + after
            case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
                return [
                    ast.literal_eval(value) for value in (values.elts if isinstance(values, ast.Tuple) else [values])
                ]
        return None


def parsed_stubs(stubs: Mapping[str, str], code: str) -> dict[str, ToolStub]:
    """The stubs of all tools that the code may name; one that is no Python is left out, and its tool takes anything."""
    parsed = {}
    for name, stub in stubs.items():
        if name in code:
            try:
                parsed[name] = ToolStub(name, stub)
            except ValueError:
                continue
    return parsed


def stub_files(names: Mapping[str, str], tools: Mapping[str, ToolStub], *, awaits: bool) -> dict[str, str]:
    """File names and texts that make a checker know the tools as builtins; `names` are those of all tools."""
    files = {"_bridge.pyi": f"__all__ = {[*_BRIDGED.values(), '_many', '_record']}\n{_BRIDGE}"}
    lines = [_BLOCK_NAMES.format(define="async def" if awaits else "def", undeclared=UNDECLARED)]
    shown: set[str] = set(dir(builtins))
    for name in names:
        if name not in tools:
            lines.append(f"{name}: Any\n")
            continue
        files[f"_tool_{name}.pyi"] = tools[name].declaration(awaits=awaits)
        classes = [known for known in tools[name].classes if known not in shown]
        shown.update(classes)
        lines += [f"from _tool_{name} import {known} as {known}\n" for known in (name, *classes)]
    return {**files, "__builtins__.pyi": "".join(lines)}


def _in_style(function: ast.FunctionDef | ast.AsyncFunctionDef, *, awaits: bool) -> ast.stmt:
    made = ast.AsyncFunctionDef if awaits else ast.FunctionDef
    return made(
        name=function.name,
        args=function.args,
        body=function.body,
        decorator_list=[],
        returns=function.returns,
        type_comment=None,
        type_params=[],
    )
