"""What can be said about a block before anybody is asked and before anything runs.

    screening = screen(code, tools)
    if screening.problems:
        ...                                  # back to the model; str(problem) names the line and how to mend it
    screening.tools, screening.dynamic       # for the policy and for the notice

This spares people blocks that cannot work. It is no wall: the grant is enforced by the host while the block runs,
whatever the code does to hide a name.
"""

import ast
import builtins
import difflib
import operator
import sys
import warnings
from collections.abc import Collection, Iterator

from pydantic import BaseModel, ConfigDict

from sandbox.guest.style import awaits_its_calls
from sandbox.protocol import BlockLimits

GUEST_NAMES = frozenset({"call_tool", "finish", "OutcomeUnknown", "ToolError", "__name__", "__doc__"})
"""What every block finds bound beside the builtins and its tools."""

# fmt: off
MISSING_MODULES = frozenset({
    "bz2", "crypt", "ctypes", "curses", "fcntl", "grp", "idlelib", "lzma", "mmap", "msvcrt", "nis", "pty",
    "pwd", "readline", "resource", "spwd", "syslog", "termios", "tkinter", "tty", "turtle", "turtledemo",
    "winreg", "winsound",
})
# fmt: on
"""Modules of CPython's standard library that the guest does not have."""

MAX_PROBLEMS = 20
"""More than a model mends at once."""

EVALUATORS = frozenset({"exec", "eval", "compile", "globals", "locals", "vars", "__import__", "__builtins__"})
"""With any of these, names may come and go unseen."""

_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Problem(BaseModel):
    """One thing that keeps a block from working; `line` and `column` count from 1, `source` is the line's text."""

    model_config = ConfigDict(frozen=True)

    message: str
    line: int | None = None
    column: int | None = None
    source: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.message}" + (f"\n    {self.source.strip()}" if self.source.strip() else "")


class Screening(BaseModel):
    """What was found in a block.

    `tools` are the known tools that it names, sorted. With `dynamic` it may reach others too, by names that are
    computed while it runs. `awaits` tells its style: whether its calls must be awaited.
    """

    model_config = ConfigDict(frozen=True)

    problems: tuple[Problem, ...] = ()
    tools: tuple[str, ...] = ()
    dynamic: bool = False
    awaits: bool = False
    imports: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def screen(code: str, tools: Collection[str], *, max_bytes: int = BlockLimits().code_bytes) -> Screening:
    """Read a block without running any of it; `tools` are the names of all tools that the agent has.

    Hostile code gets a problem, never an exception: size, null bytes and nesting are met before or while parsing.
    """
    try:
        tree = _parse(code, max_bytes)
        found = _Reading(code, frozenset(tools))
        found.read(tree)
        return found.screening(awaits=awaits_its_calls(tree))
    except _Unreadable as error:
        return Screening(problems=(error.problem,))


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _parse(code: str, max_bytes: int) -> ast.Module:
    if len(code) > max_bytes:
        raise _Unreadable(Problem(message=f"the code is longer than {max_bytes:,} bytes; split it (limit code_bytes)"))
    if not code.strip():
        raise _Unreadable(Problem(message="the code is empty"))
    try:
        if len(code.encode()) > max_bytes:
            raise _Unreadable(Problem(message=f"the code is longer than {max_bytes:,} bytes (limit code_bytes)"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code, filename="block")
            # Compiling finds what parsing does not: `return` outside a function, a name that is local and global.
            flat = _WithoutFinally().visit(ast.parse(code, filename="block"))
            compile(flat, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        raise _Unreadable(_syntax_problem(error, code)) from error
    except (RecursionError, MemoryError) as error:
        raise _Unreadable(Problem(message="the code is nested too deeply to be parsed; write it flatter")) from error
    except ValueError as error:
        raise _Unreadable(Problem(message=f"the code is not Python source text: {error}")) from error
    return tree


class _WithoutFinally(ast.NodeTransformer):
    """The same with each `finally` body once, behind its `try`.

    The compiler copies such a body for each way that leads into it: nested, some hundred bytes would take gigabytes.
    """

    def visit_Try(self, node: ast.Try) -> ast.AST | list[ast.stmt]:
        return self._flat(node)

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST | list[ast.stmt]:
        return self._flat(node)

    def _flat(self, node: ast.Try | ast.TryStar) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if not node.finalbody:
            return node
        behind, node.finalbody = node.finalbody, []
        if node.handlers:
            return [node, *behind]
        plain = ast.If(test=ast.Constant(value=True), body=node.body, orelse=[])
        return [ast.fix_missing_locations(ast.copy_location(plain, node)), *behind]


def _syntax_problem(error: SyntaxError, code: str) -> Problem:
    line = error.lineno or None
    return Problem(
        message=f"{type(error).__name__}: {error.msg}", line=line, column=error.offset, source=_line(code, line)
    )


def _line(code: str, line: int | None) -> str:
    lines = code.splitlines()
    return lines[line - 1][:200] if line is not None and 0 < line <= len(lines) else ""


class _Reading:
    """One pass over a parsed block. Scopes are not told apart: a name bound anywhere counts as bound everywhere."""

    def __init__(self, code: str, tools: frozenset[str]) -> None:
        self.code = code
        self.known = tools
        self.bound: set[str] = set()
        self.loaded: dict[str, ast.Name] = {}
        self.called: set[str] = set()
        self.imports: set[str] = set()
        self.problems: list[tuple[int, int, str, tuple[str, Collection[str]]]] = []
        self.dynamic = False
        self.binds_unseen = False

    def read(self, tree: ast.Module) -> None:
        guarded = {id(node) for node in _guarded_imports(tree)}
        # Guests run Python 3.14, which evaluates no annotation until somebody asks for it.
        annotating = {id(node) for node in _annotations(tree)}
        direct_callees = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            self.bound.update(names_bound_by(node))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                self.load(node, called=id(node) in direct_callees, annotates=id(node) in annotating)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "call_tool":
                self.call_by_name(node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self.import_modules(node, guarded=id(node) in guarded)
        if awaits_its_calls(tree):
            self.find_forgotten_awaits(tree)
        if not self.binds_unseen:
            self.find_unknown_names()

    def load(self, node: ast.Name, *, called: bool, annotates: bool) -> None:
        if not annotates:
            self.loaded.setdefault(node.id, node)
        if node.id in self.known:
            self.called.add(node.id)
        if node.id in EVALUATORS:
            self.dynamic = True
            self.binds_unseen = True
        if node.id == "call_tool" and not called:
            self.dynamic = True

    def call_by_name(self, node: ast.Call) -> None:
        name = node.args[0] if node.args else None
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
            self.dynamic = True
        elif name.value in self.known:
            self.called.add(name.value)
        else:
            self.report(node, f"there is no tool {name.value!r}", like=(name.value, self.known))

    def import_modules(self, node: ast.Import | ast.ImportFrom, *, guarded: bool) -> None:
        if isinstance(node, ast.ImportFrom):
            if node.level:
                self.report(node, "a block is no package: relative imports have nothing to import from")
                return
            modules = [node.module or ""]
            self.binds_unseen = self.binds_unseen or any(alias.name == "*" for alias in node.names)
        else:
            modules = [alias.name for alias in node.names]
        for module in modules:
            top = module.split(".")[0]
            self.imports.add(top)
            if not guarded and (top not in sys.stdlib_module_names or top in MISSING_MODULES):
                self.report(node, f"there is no module {top!r} in the sandbox, which has the standard library only")

    def find_forgotten_awaits(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
                continue
            callee = node.value.func
            if isinstance(callee, ast.Name) and callee.id in {*self.known, "call_tool"} - self.bound:
                self.report(node, f"this call of {callee.id} is not awaited and would not run: write `await` before it")

    def find_unknown_names(self) -> None:
        available = self.bound | self.known | GUEST_NAMES | set(dir(builtins))
        for name, node in self.loaded.items():
            if name not in available:
                self.report(node, f"the name {name!r} is not defined", like=(name, available))

    def report(self, node: ast.expr | ast.stmt, message: str, *, like: tuple[str, Collection[str]] = ("", ())) -> None:
        """Note a problem; `like` is a name and what it may have been meant to be."""
        self.problems.append((node.lineno, node.col_offset + 1, message, like))

    def screening(self, *, awaits: bool) -> Screening:
        # Thousands may be found; looking for what was meant takes its time, and is for those that are told.
        told = sorted(self.problems, key=operator.itemgetter(0, 1))[:MAX_PROBLEMS]
        return Screening(
            problems=tuple(
                Problem(message=message + _nearest(*like), line=line, column=column, source=_line(self.code, line))
                for line, column, message, like in told
            ),
            tools=tuple(sorted(self.called)),
            dynamic=self.dynamic,
            awaits=awaits,
            imports=tuple(sorted(self.imports)),
        )


def names_bound_by(node: ast.AST) -> Iterator[str]:
    """The names that this node itself gives a value to."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            if isinstance(node, ast.ClassDef):
                yield from ("__class__", "__qualname__", "__module__")
        case ast.arg(arg=name) | ast.TypeVar(name=name) | ast.ParamSpec(name=name) | ast.TypeVarTuple(name=name):
            yield name
        case ast.alias(name=module, asname=alias):
            yield alias or module.split(".")[0]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield from ast.walk(annotation)
            case ast.FunctionDef(returns=ast.expr() as returned) | ast.AsyncFunctionDef(returns=ast.expr() as returned):
                yield from ast.walk(returned)


def _guarded_imports(tree: ast.Module) -> Iterator[ast.stmt]:
    """Imports whose failure the code expects: `try: import numpy` with a handler for ImportError."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches_import_errors(handler) for handler in node.handlers):
            for statement in node.body:
                yield from (inner for inner in ast.walk(statement) if isinstance(inner, ast.Import | ast.ImportFrom))


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(name, ast.Name) and name.id in _IMPORT_ERRORS for name in caught)


def _nearest(name: str, candidates: Collection[str]) -> str:
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.75)
    return f"; did you mean {close[0]!r}?" if close else ""
