"""Which of a checker's findings are surely mistakes, and how a model is told.

A checker wants code to be proved right and reports the rest; of interest here is only what cannot work. So a finding
counts only if what it is about surely has one known type: what may be None, or one of two types, is no sure mistake.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeGuard

from sandbox.screening import EVALUATORS, names_bound_by
from sandbox.type_intent import errors_expected, keys_written_by
from sandbox.type_names import Types, instead, plain, said
from sandbox.type_process import Finding
from sandbox.type_stubs import ToolStub
from sandbox.type_text import CheckedText

_FORGOTTEN_AWAIT = "this call is not awaited, so it has no value yet: write `await` before it"
_SCALARS = frozenset({"str", "int", "bool", "bytes", "Decimal", "date", "datetime", "timedelta", "Fraction"})
_TEXT = re.compile(r"str|Literal\[\".*\"\]")
_TEXTS = re.compile(r"(list|set|tuple|Generator|GeneratorType|dict_values|map)\[(.*, )?str(, \.\.\.|, None, None)?\]")
_HAS_NO_KEYS = re.compile(r"(list|tuple|str|Literal)\b.*")
_CHANGES = frozenset({"append", "appendleft", "add", "insert", "extend", "extendleft", "update", "setdefault"})
_SIGNS: dict[type[ast.operator | ast.cmpop], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}

_RAISED = {
    "invalid-typed-dict-key": frozenset({"KeyError", "LookupError"}),
    "missing-attribute": frozenset({"AttributeError"}),
    "missing-module-member": frozenset({"ImportError", "Exception", "BaseException"}),
    "unresolved-reference": frozenset({"NameError"}),
}
"""What breaking a rule raises where it is not a TypeError."""

type Verdict = Callable[[Sequence[str]], str | None]
"""From types to the words for the model; None if they prove nothing."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A finding that is a mistake if `verdict` says so of the types of what it is `about`."""

    node: ast.AST
    about: tuple[ast.expr, ...]
    verdict: Verdict


class Suspicions:
    """Reads the findings of a first run over a block; `RULES` are those that the checker is to follow."""

    def __init__(self, checked: CheckedText, tools: Mapping[str, ToolStub], findings: Sequence[Finding]) -> None:
        self._checked = checked
        self._findings = findings
        nodes = list(ast.walk(checked.tree))
        bound = {name for node in nodes for name in names_bound_by(node)}
        self._tools = {name: tool for name, tool in tools.items() if name not in bound}
        self._adds_up = {"sum", "round"} - bound
        self._evaluates = any(isinstance(node, ast.Name) and node.id in EVALUATORS for node in nodes)
        self._expected = errors_expected(nodes)
        self._written_keys = {key for node in nodes for key in keys_written_by(node)}
        self._types = Types(
            tools=tools,
            own={node.name for node in nodes if isinstance(node, ast.ClassDef)},
            trusted=not any(self._contradicts(finding) for finding in findings),
        )

    def all(self) -> list[Suspicion]:
        """What is suspicious about the block."""
        met = [suspicion for finding in self._findings if (suspicion := self._meet(finding)) is not None]
        return met + self._wrong_choices()

    def _meet(self, finding: Finding) -> Suspicion | None:
        if finding.rule in self._READERS:
            kind, read = self._READERS[finding.rule]
            for node in reversed(self._checked.nodes_at(finding.begin, finding.end)):
                if isinstance(node, kind) and not self._expects(finding.rule, node):
                    return read(self, finding, node)
        return None

    def _wrong_key(self, _: Finding, key: ast.Constant) -> Suspicion | None:
        subscript, wrong = self._checked.parent(key), key.value
        # A result is a dict like any other: a block may well give it keys of its own.
        if not _is_read(subscript) or not isinstance(wrong, str) or wrong in self._written_keys:
            return None

        def verdict(types: Sequence[str]) -> str | None:
            keys = self._types.keys_of(types[0])
            return f"{said(types[0])} has no key {wrong!r}{instead(wrong, keys)}" if keys else None

        return Suspicion(key, (subscript.value,), verdict)

    def _wrong_attribute(self, _: Finding, node: ast.Attribute) -> Suspicion | None:
        name = node.attr
        if not isinstance(node.ctx, ast.Load) or name.startswith("_"):
            return None

        def verdict(types: Sequence[str]) -> str | None:
            owner = types[0]
            if name in (keys := self._types.keys_of(owner)):
                return f"{said(owner)} is a dict: write [{name!r}] instead of .{name}"
            if keys:
                return f"{said(owner)} is a dict, without .{name}{instead(name, keys)}"
            if self._types.is_coroutine(owner):
                return _FORGOTTEN_AWAIT
            if self._types.is_known(owner) or self._types.is_of_library(owner):
                return f"{said(owner)} has no attribute {name!r}"
            return None

        return Suspicion(node, (node.value,), verdict)

    def _wrong_import(self, finding: Finding, node: ast.alias) -> Suspicion | None:
        # The checker does not know what modules keep to themselves.
        return None if node.name.startswith("_") else _surely(node, plain(finding.message))

    def _unknown_name(self, _: Finding, node: ast.Name) -> Suspicion | None:
        return None if self._evaluates else _surely(node, f"the name {node.id!r} is not defined here")

    def _wrong_operator(self, _: Finding, node: ast.BinOp | ast.AugAssign | ast.Compare) -> Suspicion | None:
        operator: ast.operator | ast.cmpop
        match node:
            case ast.BinOp(left=left, op=operator, right=right):
                sign = _SIGNS.get(type(operator), "this operator")
            case ast.AugAssign(target=left, op=operator, value=right):
                sign = f"{_SIGNS.get(type(operator), '')}="
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                sign = _SIGNS.get(type(operator), "this operator")
            case _:
                return None

        def verdict(types: Sequence[str]) -> str | None:
            if any(self._types.is_coroutine(kind) for kind in types):
                return _FORGOTTEN_AWAIT
            if not all(self._types.is_known(kind) for kind in types):
                return None
            kinds = [said(kind) for kind in types]
            hint = "; turn the text into a number or a date first" if kinds.count("str") == 1 else ""
            return f"`{sign}` does not work between {kinds[0]} and {kinds[1]}{hint}"

        return Suspicion(node, (left, right), verdict)

    def _no_index(self, _: Finding, node: ast.expr) -> Suspicion | None:
        subscript = node if isinstance(node, ast.Subscript) else self._checked.parent(node)
        return self._not_able(node, subscript.value, "indexed") if _is_read(subscript) else None

    def _text_as_number(self, _: Finding, call: ast.Call) -> Suspicion | None:
        match call:
            case ast.Call(func=ast.Name(id=name), args=[number, *_]) if name in self._adds_up:
                proof = _TEXTS if name == "sum" else _TEXT
                words = f"{name}() cannot take str: turn the text into numbers first, as with Decimal(text)"

                def verdict(types: Sequence[str]) -> str | None:
                    return words if self._types.trusted and proof.fullmatch(types[0]) else None

                return Suspicion(call, (number,), verdict)
        return None

    def _wrong_argument(self, finding: Finding, node: ast.expr | ast.keyword) -> Suspicion | None:
        argument = node.value if isinstance(node, ast.keyword) else node
        parent = self._checked.parent(argument)
        if _is_read(parent) and parent.value is argument:
            return self._key_of_list(parent)
        call, keyword = self._call_of(argument)
        if call is None:
            return None
        tool = self._tool_of(call)
        if tool is None:
            return self._wrong_argument_of_library(finding, call, argument)
        parameter = keyword or tool.parameter_at(call.args.index(argument))
        if parameter is None:
            return None
        words = f"{parameter} of {tool.name} is {tool.annotation_of(parameter)}, and this is "

        def verdict(types: Sequence[str]) -> str | None:
            if self._types.is_coroutine(types[0]):
                return _FORGOTTEN_AWAIT
            return words + said(types[0]) if self._types.is_known(types[0]) else None

        return Suspicion(argument, (argument,), verdict)

    def _key_of_list(self, node: ast.Subscript) -> Suspicion | None:
        match node.slice:
            case ast.Constant(value=str(key)):
                words = f"has no keys, so {key!r} is none of them"

                def verdict(types: Sequence[str]) -> str | None:
                    known = self._types.is_known(types[0]) and _HAS_NO_KEYS.fullmatch(types[0])
                    return f"{said(types[0])} {words}" if known else None

                return Suspicion(node, (node.value,), verdict)
        return None

    def _wrong_argument_of_library(self, finding: Finding, call: ast.Call, argument: ast.expr) -> Suspicion:
        def verdict(types: Sequence[str]) -> str | None:
            function, given = types
            # Methods of what the block made are left out: of a list, say, only the block knows what it is for.
            if not (function.startswith(("def ", "bound method <class")) or self._types.is_class(function)):
                return None
            if self._types.is_coroutine(given):
                return _FORGOTTEN_AWAIT
            telling = self._types.is_known(given) and (said(given) in _SCALARS or self._types.keys_of(given))
            return plain(finding.message) if telling else None

        return Suspicion(argument, (call.func, argument), verdict)

    def _wrong_call(self, finding: Finding, node: ast.AST) -> Suspicion | None:
        call = node if isinstance(node, ast.Call) else self._call_of(node)[0]
        if call is None:
            return None
        words = plain(finding.message)
        if tool := self._tool_of(call):
            return _surely(node, f"{words}; call it as {tool.signature}")

        def verdict(types: Sequence[str]) -> str | None:
            return words if types[0].startswith("def ") else None

        return Suspicion(node, (call.func,), verdict)

    def _no_iteration(self, _: Finding, node: ast.expr) -> Suspicion:
        return self._not_able(node, node, "iterated over")

    def _no_call(self, _: Finding, node: ast.Call) -> Suspicion:
        return self._not_able(node, node.func, "called")

    def _no_await(self, _: Finding, node: ast.expr) -> Suspicion:
        return self._not_able(node, node.value if isinstance(node, ast.Await) else node, "awaited")

    def _not_able(self, node: ast.AST, subject: ast.expr, able: str) -> Suspicion:
        def verdict(types: Sequence[str]) -> str | None:
            if self._types.is_coroutine(types[0]):
                return _FORGOTTEN_AWAIT
            return f"{said(types[0])} cannot be {able}" if self._types.is_known(types[0]) else None

        return Suspicion(node, (subject,), verdict)

    def _wrong_choices(self) -> list[Suspicion]:
        """Text that is no member of a `Literal`; found without the checker, which would refuse any other `str`, too."""
        found = []
        for call in ast.walk(self._checked.tree):
            if not isinstance(call, ast.Call) or (tool := self._tool_of(call)) is None:
                continue
            by_place = ((tool.parameter_at(place), value) for place, value in enumerate(call.args))
            for parameter, value in (*by_place, *((keyword.arg, keyword.value) for keyword in call.keywords)):
                choices = tool.choices_of(parameter) if parameter else None
                if choices and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    texts = [choice for choice in choices if isinstance(choice, str)]
                    if value.value not in texts:
                        words = f"{parameter} of {tool.name} cannot be {value.value!r}{instead(value.value, texts)}"
                        found.append(_surely(value, words))
        return found

    def _tool_of(self, call: ast.Call) -> ToolStub | None:
        return self._tools.get(call.func.id) if isinstance(call.func, ast.Name) else None

    def _call_of(self, argument: ast.AST) -> tuple[ast.Call | None, str | None]:
        """The call that a value is an argument of, and by which keyword."""
        keyword = None
        parent = self._checked.parent(argument)
        if isinstance(parent, ast.keyword):
            keyword = parent.arg
            parent = self._checked.parent(parent)
        if not isinstance(parent, ast.Call) or argument is parent.func:
            return None, None
        return parent, keyword

    def _expects(self, rule: str, node: ast.AST) -> bool:
        """Whether the block is ready for the very error that this would raise."""
        return bool(self._expected.get(id(node), frozenset()) & _RAISED.get(rule, frozenset({"TypeError"})))

    def _contradicts(self, finding: Finding) -> bool:
        """Whether the block puts into a container what the checker did not expect in it: then its types are guesses."""
        if finding.rule != "invalid-argument-type":
            return finding.rule == "invalid-assignment"
        calls = (self._call_of(node)[0] for node in self._checked.nodes_at(finding.begin, finding.end))
        return any(call and isinstance(call.func, ast.Attribute) and call.func.attr in _CHANGES for call in calls)

    _READERS: ClassVar[dict[str, tuple[Any, Callable[..., Suspicion | None]]]] = {
        "invalid-argument-type": (ast.expr | ast.keyword, _wrong_argument),
        "invalid-await": (ast.expr, _no_await),
        "invalid-typed-dict-key": (ast.Constant, _wrong_key),
        "missing-argument": (ast.Call, _wrong_call),
        "missing-attribute": (ast.Attribute, _wrong_attribute),
        "missing-module-member": (ast.alias, _wrong_import),
        "no-matching-overload": (ast.Call, _text_as_number),
        "not-callable": (ast.Call, _no_call),
        "not-iterable": (ast.expr, _no_iteration),
        "not-subscriptable": (ast.expr, _no_index),
        "parameter-already-assigned": (ast.expr | ast.keyword, _wrong_call),
        "too-many-positional-arguments": (ast.expr, _wrong_call),
        "unknown-argument": (ast.expr | ast.keyword, _wrong_call),
        "unresolved-reference": (ast.Name, _unknown_name),
        "unsupported-operator": (ast.BinOp | ast.AugAssign | ast.Compare, _wrong_operator),
    }
    RULES: ClassVar = ("invalid-assignment", *_READERS)


def _surely(node: ast.AST, words: str) -> Suspicion:
    return Suspicion(node, (), lambda _: words)


def _is_read(node: ast.AST | None) -> TypeGuard[ast.Subscript]:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
