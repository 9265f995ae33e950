"""A checker's names of types: which of them prove anything about a block, and how a model is told of them."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sandbox.type_stubs import UNDECLARED, ToolStub

_NO_VALUE = frozenset({"None", "object", "Any", "Unknown", "Never", "NoReturn", "Divergent", UNDECLARED})


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
        """Whether a value surely has this type, and it is one that is not the block's own."""
        name = kind.partition("[")[0].rstrip("*")
        return (
            self.trusted
            and re.fullmatch(r"(_tool_\w+\.)?[A-Za-z][\w.]*", name) is not None
            and name not in _NO_VALUE
            and name not in self.own
            and _is_one_type(kind)
        )

    def is_of_library(self, kind: str) -> bool:
        return kind.startswith("<module ") or self.is_class(kind)

    def is_class(self, kind: str) -> bool:
        match = re.fullmatch(r"<class '([\w.]+)'>", kind)
        return match is not None and match[1] not in self.own


def _is_one_type(kind: str) -> bool:
    """Whether a type is no union, no intersection and no variable, leaving aside what is in its brackets."""
    outside = kind
    while (shorter := re.sub(r"\[[^\[\]]*\]|\"[^\"]*\"", "", outside)) != outside:
        outside = shorter
    return not set("|&@~") & set(outside)


def said(kind: str) -> str:
    """A type as a model knows it."""
    if kind.startswith("Literal["):
        first = kind.removeprefix("Literal[")
        return "str" if first[:1] in "\"'" else "bool" if first[:4] in {"True", "Fals"} else "int"
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
