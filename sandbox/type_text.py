"""The text of a block that a type checker reads, and the way back from places in it to the block's own lines.

It is written anew from the parsed block, so that what would mislead the checker can be taken out: annotations, which
Python does not enforce, and which models write carelessly.
"""

import ast
import copy
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sandbox.type_process import Place
from sandbox.type_stubs import UNDECLARED

_HARMLESS = frozenset({"list", "tuple", "Sequence", "Iterable", "Optional"})
_MEANT_BY_CLASSES = frozenset({"ClassVar", "InitVar", "KW_ONLY", "Final"})


class CheckedText:
    """A block as the checker reads it. Raises ValueError if it cannot be written anew as it was."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.text = ast.unparse(tree)
        self._parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self._nodes: dict[tuple[Place, Place], list[ast.AST]] = {}
        for node, place in _places(tree, self.text):
            self._nodes.setdefault(place, []).append(node)

    def nodes_at(self, begin: Place, end: Place) -> list[ast.AST]:
        """The block's nodes that are written between two places, the outermost first."""
        return self._nodes.get((begin, end), [])

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(id(node))

    def revealing(self, asked: Sequence[ast.expr]) -> tuple[str, dict[tuple[Place, Place], int]]:
        """A text that makes the checker tell the types of these expressions, and where it will tell each of them."""
        for number, node in enumerate(asked):
            node.asked = number  # type: ignore[attr-defined]
        tree = ast.fix_missing_locations(_Asking().visit(copy.deepcopy(self.tree)))
        text = ast.unparse(tree)
        places = _places(tree, text)
        return text, {place: node.asked for node, place in places if hasattr(node, "asked")}


def without_annotations(tree: ast.Module, known_classes: Collection[str]) -> ast.Module:
    """The block with only such annotations as are made of the tools' own classes; the others say nothing."""
    unannotated: ast.Module = _Unannotated(known_classes).visit(tree)
    return unannotated


def _places(tree: ast.Module, text: str) -> Iterator[tuple[ast.AST, tuple[Place, Place]]]:
    """Each node of a tree, and where it is in the text that the tree was written as."""
    lines = text.split("\n")
    for node, written in zip(ast.walk(tree), ast.walk(ast.parse(text)), strict=True):
        if type(node) is not type(written) and not isinstance(node, ast.expr_context):
            raise ValueError("the code reads otherwise when it is written anew")
        if isinstance(written, ast.expr | ast.stmt | ast.keyword | ast.alias):
            assert written.end_lineno is not None  # noqa: S101 - what was parsed has an end
            assert written.end_col_offset is not None  # noqa: S101
            begin = (written.lineno, _column(lines[written.lineno - 1], written.col_offset))
            end = (written.end_lineno, _column(lines[written.end_lineno - 1], written.end_col_offset))
            yield node, (begin, end)


def _column(line: str, offset: int) -> int:
    return len(line.encode()[:offset].decode()) + 1


class _Asking(ast.NodeTransformer):
    """Puts `reveal_type` around what was asked about, and before what an augmented assignment changes."""

    def visit(self, node: ast.AST) -> Any:  # noqa: ANN401 - as declared by ast
        visited = self.generic_visit(node)
        if isinstance(node, ast.AugAssign) and hasattr(node.target, "args"):
            reveal, node.target = node.target, node.target.args[0]
            return [ast.Expr(reveal), node]
        if isinstance(node, ast.expr) and hasattr(node, "asked"):
            return ast.Call(ast.Name("reveal_type", ast.Load()), [node], [])
        return visited


class _Unannotated(ast.NodeTransformer):
    def __init__(self, known_classes: Collection[str]) -> None:
        self.known = frozenset(known_classes)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = self.replaced(node.annotation)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = self.replaced(node.returns)
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = self.replaced(node.returns)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = self.replaced(node.annotation) or node.annotation
        return self.generic_visit(node)

    def replaced(self, annotation: ast.expr | None) -> ast.expr | None:
        if annotation is None:
            return None
        names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
        if names & _MEANT_BY_CLASSES or (names & self.known and names <= self.known | _HARMLESS):
            return annotation
        return ast.copy_location(ast.Name(UNDECLARED, ast.Load()), annotation)
