"""What the screening of a block finds before anybody is asked."""

import textwrap
import time

import pytest

from sandbox.screening import MISSING_MODULES, screen

TOOLS = frozenset({"list_orders", "get_order", "issue_refund"})

SOUND = {
    "tools by name": "orders = list_orders(1)\nprint([get_order(o['id']) for o in orders])",
    "awaited": """
        import asyncio
        async def main():
            return await asyncio.gather(get_order(1), get_order(2))
        await main()
        """,
    "a name bound later": "def f():\n    return later\nlater = 1\nf()",
    "match": """
        q = {'a': 1}
        match q:
            case {'a': z, **rest}:
                print(z, rest)
            case [x, *ys]:
                print(x, ys)
            case other:
                other
        """,
    "comprehensions and walrus": "print([y for y in range(3) if (n := y)], n, {k: v for k, v in {}.items()})",
    "classes": """
        class A[T]:
            x: int = 1
            def f(self) -> 'T':
                return __class__, self.x
        A().f()
        """,
    "handlers": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e)",
    "imports": """
        import os.path, json as j
        from datetime import date as d
        print(os, j, d)
        """,
    "an import that may fail": """
        try:
            import numpy
        except ImportError:
            numpy = None
        print(numpy)
        """,
    "what every block has": """
        try:
            call_tool('get_order', order_id=1)
        except ToolError:
            print(__name__)
        """,
    "names in annotations, which are not evaluated": "def f(order: Order) -> list[Order]:\n    return [order]\nf(1)",
    "a type alias": "type Rows = list[dict]\nx: Rows = []",
    "an escape that warns": "pattern = '\\d'",
    "a star import": "from math import *\nprint(sqrt(2))",
}


@pytest.mark.parametrize("case", SOUND)
def test_sound_code_has_no_problems(case: str) -> None:
    """Nothing that works in the sandbox is reported."""
    assert [str(problem) for problem in screen(textwrap.dedent(SOUND[case]), TOOLS).problems] == []


UNSOUND = {
    "a misspelt tool": ("x = 1\nlist_order(1)", 2, "did you mean 'list_orders'?"),
    "a misspelt builtin": ("prnt(1)", 1, "did you mean 'print'?"),
    "an unknown name": ("print(total_of_everything)", 1, "'total_of_everything' is not defined"),
    "an unknown tool by name": ("call_tool('get_ordr', order_id=1)", 1, "did you mean 'get_order'?"),
    "a module that is nowhere": ("import json\nimport pandas as pd\npd", 2, "no module 'pandas'"),
    "a module that the guest lacks": ("import ctypes\nctypes", 1, "no module 'ctypes'"),
    "a relative import": ("from . import x\nx", 1, "relative imports"),
    "a forgotten await": ("await get_order(1)\nissue_refund(2)", 2, "write `await` before it"),
    "a syntax error": ("x = 1\nif x\n    pass", 2, "SyntaxError"),
    "a stray return": ("return 5", 1, "outside function"),
    "an indentation": ("if True:\npass", 2, "IndentationError"),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_a_problem_names_its_line_and_how_to_mend_it(case: str) -> None:
    """Each kind of mistake is reported once, with line, column, source and words that help."""
    code, line, words = UNSOUND[case]
    (problem,) = screen(code, TOOLS).problems
    assert problem.line == line
    assert problem.column
    assert problem.source == code.splitlines()[line - 1]
    assert words in problem.message
    assert str(problem).startswith(f"line {line}: ")


HOSTILE = {
    "null bytes": "x = '\0'",
    "half a surrogate pair": "x = '\ud800'",
    "parentheses": "(" * 5000,
    "brackets": "[" * 3000 + "]" * 3000,
    "minus signs": "-" * 90_000 + "1",
    "attributes": "a" + ".b" * 40_000,
    "a long sum": "1+" * 40_000 + "1",
    "a long string of calls": "f" + "()" * 40_000,
    "too long": "x = 1\n" * 100_000,
    "too long in bytes": "# " + "é" * 60_000,
    "nothing": "  \n",
    "deep blocks": "".join(f"{' ' * depth}if 1:\n" for depth in range(120)) + " " * 120 + "pass",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_code_gets_a_clear_refusal_in_time(case: str) -> None:
    """Nothing crashes, hangs or is let through."""
    started = time.perf_counter()
    (problem,) = screen(HOSTILE[case], TOOLS).problems
    assert problem.message
    assert time.perf_counter() - started < 1


def test_powers_of_powers_are_not_computed() -> None:
    """Reading a block never evaluates it, not even its constants."""
    started = time.perf_counter()
    assert screen("x = 9 ** 9 ** 9 ** 9\ny = 'a' * 10 ** 10", TOOLS).ok
    assert time.perf_counter() - started < 1


NAMED = {
    "called": ("get_order(1)", ("get_order",), False),
    "passed on": ("list(map(get_order, [1]))", ("get_order",), False),
    "by a constant name": ("call_tool('issue_refund', order_id=1)", ("issue_refund",), False),
    "by a computed name": ("call_tool('issue_' + 'refund', order_id=1)", (), True),
    "by an alias of call_tool": ("c = call_tool\nc('issue_refund')", (), True),
    "through globals": ("globals()['issue_refund'](1)", (), True),
    "through eval": ("eval('issue_refund(1)')", (), True),
    "through exec": ("exec('issue_refund(1)')\nunknown_to_us", (), True),
    "shadowed": ("def get_order(x):\n    return x\nget_order(1)", ("get_order",), False),
    "in a string only": ("print('issue_refund')", (), False),
}


@pytest.mark.parametrize("case", NAMED)
def test_the_tools_that_a_block_names_are_listed(case: str) -> None:
    """Constant names are found, computed ones are announced as such."""
    code, tools, dynamic = NAMED[case]
    screening = screen(code, TOOLS)
    assert (screening.tools, screening.dynamic) == (tools, dynamic)
    assert screening.ok


def test_the_style_of_a_block_and_its_imports_are_told() -> None:
    """Whether calls must be awaited, and which modules are imported."""
    screening = screen("import json, os.path\nfrom asyncio import gather\nawait gather()\njson, os", TOOLS)
    assert screening.awaits
    assert screening.imports == ("asyncio", "json", "os")
    assert not screen("get_order(1)", TOOLS).awaits


COSTLY = {
    # The compiler copies a `finally` body for each way into it.
    "nested finally": "".join(f"{' ' * n}try: pass\n{' ' * n}finally:\n" for n in range(60)) + " " * 60 + "pass\n",
    "a finally with many ways into it": (
        "while True:\n try:\n"
        + "".join(f"  if {n}: continue\n" for n in range(800))
        + " finally:\n"
        + "".join(f"  x{n} = {n}\n" for n in range(800))
    ),
    "thousands of names that look alike": (
        "".join(f"abcdefghij{n:04}=1\n" for n in range(900)) + "".join(f"abcdefghij{n}\n" for n in range(5000, 5900))
    ),
}


@pytest.mark.parametrize("case", COSTLY)
def test_no_code_is_costly_to_read(case: str) -> None:
    """Whoever reads hostile code for others must not be held up by it: in processor time, whatever else goes on."""
    before = time.process_time()
    screen(COSTLY[case], [])
    assert time.process_time() - before < 4


FINALLY = {
    "return outside a function": "try:\n    return 1\nfinally:\n    pass",
    "return in a finally outside a function": "try:\n    pass\nfinally:\n    return 1",
    "break outside a loop": "try:\n    pass\nexcept ValueError:\n    break\nfinally:\n    pass",
    "a default handler that is not the last": "try:\n  1\nexcept:\n  1\nexcept ValueError:\n  1\nfinally:\n  1",
    "a name both local and global": "def f():\n    try:\n        x = 1\n    finally:\n        global x",
}


@pytest.mark.parametrize("case", FINALLY)
def test_what_only_compiling_finds_is_found_beside_a_finally(case: str) -> None:
    """As CPython itself would say it."""
    with pytest.raises(SyntaxError) as raised:
        compile(FINALLY[case], "block", "exec")
    [problem] = screen(FINALLY[case], []).problems
    assert problem.message == f"SyntaxError: {raised.value.msg}"
    assert problem.line == raised.value.lineno


def test_the_number_of_problems_is_bounded() -> None:
    """A block of nonsense does not fill the model's window."""
    code = "\n".join(f"print(unknown_{number})" for number in range(500))
    assert len(screen(code, TOOLS).problems) == 20


def test_missing_modules_are_modules() -> None:
    """The list holds names of top-level modules only, so that looking them up works."""
    assert all(name.isidentifier() for name in MISSING_MODULES)
