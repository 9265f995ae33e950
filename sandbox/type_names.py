"""A checker's names of types: which of them prove anything about a block, and how a model is told of them."""

import ast
import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sandbox.type_stubs import ToolStub

# fmt: off
_CONCRETE = frozenset({
    "bool", "bytes", "complex", "float", "int", "str", "LiteralString",
    "dict", "frozenset", "list", "range", "set", "tuple", "Counter", "OrderedDict", "defaultdict", "deque",
    "date", "datetime", "time", "timedelta", "timezone", "Decimal", "Fraction", "UUID",
})
# fmt: on
"""Types whose values are nothing more than the type says; of a Sequence, say, that would not be known."""


@dataclass(frozen=True, slots=True)
class Types:
    """What the checker's names of types mean here. `own` are the block's classes, which may do anything."""

    tools: Mapping[str, ToolStub]
    own: Collection[str]
    trusted: bool

    def keys_of(self, kind: str) -> list[str]:
        """The keys of a tool's result; empty for every other type."""
        match = re.fullmatch(r"(?:_tool_(\w+)\.)?(\w+)", kind)
        if match is None or match[2] in self.own:
            return []
        tools = [self.tools[match[1]]] if match[1] in self.tools else self.tools.values()
        return next((keys for tool in tools if (keys := tool.keys_of(match[2]))), [])

    def is_coroutine(self, kind: str) -> bool:
        return kind.startswith(("CoroutineType[", "Coroutine[")) and _is_one_type(kind)

    def is_known(self, kind: str) -> bool:
        """Whether a value surely is what the name of its type says, and nothing of the block's own making."""
        if kind.startswith("Literal["):
            return self.trusted and _kind_of_literal(kind) != ""
        name = re.split(r"[\[*]", kind, maxsplit=1)[0]
        is_result = bool(self.keys_of(kind))
        return is_result or (self.trusted and name in _CONCRETE - set(self.own) and _is_one_type(kind))

    def is_of_library(self, kind: str) -> bool:
        return re.fullmatch(r"<module '[\w.]+'>", kind) is not None or self.is_class(kind)

    def is_class(self, kind: str) -> bool:
        match = re.fullmatch(r"<class '([\w.]+)'>", kind)
        return match is not None and match[1] not in self.own


def _is_one_type(kind: str) -> bool:
    """Whether a type is no union, no intersection and no variable, leaving aside what is in its brackets."""
    outside = kind
    while (shorter := re.sub(r"\[[^\[\]]*\]|\"[^\"]*\"", "", outside)) != outside:
        outside = shorter
    return not set("|&@~") & set(outside)


def _kind_of_literal(kind: str) -> str:
    """The one type that all members of a `Literal` have; empty if they have several, or are not plain values."""
    try:
        values = ast.literal_eval(f"[{kind.removeprefix('Literal[')}")
    except (SyntaxError, ValueError):
        return ""
    kinds = {type(value).__name__ for value in values}
    return kinds.pop() if len(kinds) == 1 else ""


def said(kind: str) -> str:
    """A type as a model knows it."""
    if kind.startswith("Literal["):
        return _kind_of_literal(kind)
    if kind.startswith("LiteralString"):
        return "str"
    match = re.fullmatch(r"<(class|module) '(?:\w+\.)*(\w+)'>", kind)
    if match:
        return f"{match[1]} {match[2]}"
    return plain(kind.rstrip("*"))


def plain(text: str) -> str:
    """The checker's words without what only this check knows."""
    return re.sub(r"_tool_\w+\.|\*(?=`)", "", text)[:300]


def instead(wrong: str, right: Sequence[str]) -> str:
    """The rest of a sentence: what else there is, or the one that was probably meant."""
    close = difflib.get_close_matches(wrong, right, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(map(repr, right))}"
