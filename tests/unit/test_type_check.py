"""The type check of blocks reports what cannot work, in words that say how to mend it, and nothing else."""

import asyncio
import os
import tempfile
import textwrap
from pathlib import Path

import pytest

from sandbox.type_check import TypeCheck, check_types
from tests.sandbox.shop import STUBS
from tests.sandbox.test_corpus import CORPUS

GENEROUS = 60.0
"""Seconds, for a machine that does much else."""

FAULTY = {
    "text for a number": ("order = await get_order('101')", 1, "order_id of get_order is int, and this is str"),
    "a Decimal for a number": (
        "from decimal import Decimal\nget_order(Decimal(101))",
        2,
        "order_id of get_order is int, and this is Decimal",
    ),
    "a word for a list": ("add_note(customer_id=1, text='x', tags='vip')", 1, "tags of add_note is list[str] | None"),
    "a number for text": ("get_rate(currency=5)", 1, "currency of get_rate is str, and this is int"),
    "a result for one of its values": ("order = get_order(101)\nget_customer(order)", 2, "this is Order"),
    "no argument": ("await get_customer()", 1, "required parameter `customer_id`"),
    "an unknown argument": ("get_order(101, detail='long')", 1, "call it as get_order(order_id: int)"),
    "too many arguments": ("x = 1\nget_order(101, 2)", 2, "expected 1, got 2; call it as get_order(order_id: int)"),
    "a positional argument for a keyword": ("list_orders(1)", 1, "Too many positional arguments"),
    "an argument twice": ("get_order(101, order_id=102)", 1, "order_id"),
    "a text that is no choice": ("list_orders(status='deliverd')", 1, "did you mean 'delivered'?"),
    "a choice by position": ("await list_customers('platinum')", 1, "there are: 'standard', 'silver', 'gold'"),
    "a misspelt key": ("order = get_order(101)\nprint(order['statsu'])", 2, "Order has no key 'statsu'; did you mean"),
    "a misspelt key in a loop": (
        "[o['total'] for o in list_orders()]",
        1,
        "Order has no key 'total'; there are: 'order",
    ),
    "a misspelt key deep inside": ("get_order(1)['lines'][0]['qty']", 1, "Line has no key 'qty'"),
    "a misspelt key after a gather": (
        "import asyncio\norders = await asyncio.gather(*[get_order(i) for i in (1, 2)])\norders[0]['state']",
        3,
        "Order has no key 'state'",
    ),
    "a misspelt key in a function": (
        "def f(order: Order) -> str:\n    return order['state']\nf(get_order(1))",
        2,
        "no key 'state'",
    ),
    "an attribute for a key": ("order = get_order(101)\norder.status", 2, "write ['status'] instead of .status"),
    "an attribute that is no key": ("get_order(101).stat", 1, "Order is a dict, without .stat"),
    "a list for a dict": ("orders = list_orders()\norders['items']", 2, "list[Order] has no keys"),
    "text for a dict": ("get_order(1)['status']['name']", 1, "has no keys, so 'name'"),
    "a method that text has not": ("get_order(101)['status'].uper()", 1, "str has no attribute 'uper'"),
    "a forgotten await": (
        "order = get_order(101)\nawait get_rate('EUR')\norder['status']",
        3,
        "write `await` before it",
    ),
    "a forgotten await as an argument": ("await get_order(get_rate('EUR'))", 1, "write `await` before it"),
    "a forgotten await in a loop": (
        "n = len(await list_orders())\nfor o in list_orders():\n    print(n)",
        2,
        "write `await` before it",
    ),
    "a forgotten await in a sum": ("x = await get_rate('EUR')\nx + get_rate('USD')", 2, "write `await` before it"),
    "a forgotten await in len": ("await get_rate('EUR')\nlen(list_orders())", 2, "write `await` before it"),
    "an await of a value": ("orders = await list_orders()\nawait len(orders)", 2, "int cannot be awaited"),
    "a sum of texts": (
        "order = get_order(1)\nsum(l['unit_price'] for l in order['lines'])",
        2,
        "sum() cannot take str",
    ),
    "a rounded text": ("round(get_order(1)['lines'][0]['unit_price'], 2)", 1, "round() cannot take str"),
    "text times a number": ("price = get_order(1)['lines'][0]['unit_price']\nprice * 1.19", 2, "between str and float"),
    "text above a number": ("get_order(1)['lines'][0]['unit_price'] > 100", 1, "`>` does not work between str and int"),
    "text less a date": (
        "from datetime import date\nget_order(1)['placed_on'] - date(2026, 1, 1)",
        2,
        "turn the text into a number or a date first",
    ),
    "text added up": ("n = 0\nn += get_order(1)['placed_on']", 2, "`+=` does not work between int and str"),
    "a number joined to text": ("'order ' + get_order(1)['order_id']", 1, "`+` does not work between str and int"),
    "a parsed dict": ("import json\njson.loads(get_order(1))", 2, "Expected `str | bytes | bytearray`, found `Order`"),
    "a date of a number": ("from datetime import date\ndate.fromisoformat(get_order(1)['order_id'])", 2, "found `int`"),
    "a called value": ("get_order(1)['status']()", 1, "cannot be called"),
    "a number in a loop": ("for i in get_order(1)['order_id']:\n    print(i)", 1, "int cannot be iterated over"),
    "an index into a number": ("get_stock('RUG')['on_hand'][0]", 1, "int cannot be indexed"),
    "a name that is not in a module": ("from collections import Cuonter", 1, "`collections` has no member `Cuonter`"),
    "a function that is not in a module": ("import math\nmath.mean([1])", 2, "module math has no attribute 'mean'"),
    "the module for its class": ("import datetime\ndatetime.now()", 2, "module datetime has no attribute 'now'"),
    "a name of another scope": ("def f():\n    total = 1\nf()\nprint(total)", 4, "'total' is not defined here"),
    "a name before its value": ("print(total)\ntotal = 1", 1, "'total' is not defined here"),
    "a missing argument of one's own function": ("def f(a, b):\n    return a\nf(1)", 3, "required parameter `b`"),
    "a mistake in a try": (
        "try:\n    print(get_order(1)['statsu'])\nexcept Exception as error:\n    print(error)",
        2,
        "Order has no key 'statsu'",
    ),
    "beside other writing": ("é = '日本😀'; get_order(1)['né']", 1, "Order has no key 'né'"),
    "on the right line of many": (
        "text = '''\na\nb'''\n\n# a remark\nprint(\n    1,\n    get_order(\n        order_id='x',\n    ),\n)",
        9,
        "order_id of get_order is int",
    ),
}


@pytest.mark.parametrize("name", FAULTY)
async def test_a_mistake_is_reported_with_its_line_and_how_to_mend_it(name: str) -> None:
    """A block with one mistake gets one problem, at the line of the mistake."""
    code, line, words = FAULTY[name]
    check = await check_types(code, STUBS, within_seconds=GENEROUS)
    assert not check.unavailable
    assert len(check.problems) == 1, check.problems
    problem = check.problems[0]
    assert problem.line == line
    assert words in problem.message
    assert problem.source == code.splitlines()[line - 1]


RIGHT = {
    "keys of one's own": "o = get_order(1)\no['a'] = 5\no['a'] + 1\no.update({'x': 1}, y=2)\no['x'], o['y'], o['a']",
    "computed keys": "o = get_order(1)\n[o[k] for k in ('status', 'order_id')], [o[k] for k in o]",
    "a key that may be missing": "get_order(1).get('nothing', 0)",
    "a value that may be None": "from datetime import date\ndate.fromisoformat(get_order(1)['delivered_on']).year",
    "a match that may be None": "import re\nre.search('a', 'abc').group(0)",
    "the best so far": "best = None\nfor o in list_orders():\n"
    "    if best is None or o['order_id'] > best['order_id']:\n        best = o\nbest['status']",
    "what crosses the bridge as text": "from datetime import date\nfrom decimal import Decimal\nfrom enum import Enum\n"
    "class C(Enum):\n    EUR = 'EUR'\nget_rate(C.EUR)\nadd_note(customer_id=1, text=date(2026, 1, 1))\n"
    "add_note(customer_id=1, text=Decimal('1.5'), tags={'b', 'a'})\nadd_note(customer_id=1.0, text='', tags=('a',))",
    "lists made in a block": "tags = []\nfor t in 'ab':\n    tags.append(t)\n"
    "add_note(customer_id=1, text='', tags=tags)",
    "a choice that is computed": "for tier in ['gold', 'silver']:\n    list_customers(tier=tier)",
    "careless annotations": "from decimal import Decimal\ndef f(x: int) -> float:\n    y: str = x\n"
    "    return y.quantize(x)\nf(Decimal(1)) + Decimal(2)",
    "sums that begin with a number": "from collections import defaultdict\nfrom decimal import Decimal\n"
    "d = defaultdict(int)\nd['a'] += Decimal(1)\nd['a'].quantize(Decimal('0.01'))",
    "dicts of mixed values": "d = {'n': 0, 'names': []}\nd['n'] += 1\nd['names'].append('x')\nlen(d['names'])",
    "attributes of functions": "def f():\n    f.calls += 1\nf.calls = 0\nf()\nf.calls",
    "attributes made at run time": "class A:\n    def __init__(self, **k):\n        self.__dict__.update(k)\nA(x=1).x",
    "names made at run time": "exec('total = 1')\ntotal",
    "names of annotations": "def f(a: Order, b: Missing) -> list[Missing]:\n    return [a, b]\nf(1, 2)",
    "a tool of one's own": "def get_order(a, b):\n    return a + b\nget_order(1, 2)",
    "a module that may be missing": "try:\n    from math import mean\nexcept ImportError:\n    mean = None\nmean",
    "a name that may be missing": "try:\n    cache\nexcept NameError:\n    cache = {}\ncache",
    "a key that is tried": "o = get_order(1)\ntry:\n    o['total']\nexcept KeyError:\n    o['status']",
    "text or bytes": "for path in ('a', b'b'):\n    path + path",
    "text or a number": "for value in ('a', 1):\n    value * 2\n    value + value",
    "a sequence that is a list": "import keyword\nkeyword.kwlist + keyword.softkwlist",
    "a class of one's own name": "class date:\n    def __init__(self, x):\n        self.x = x\ndate(1).x, date(1).y",
    "an end": "finish({'total': 1})\nget_order(1)['nothing']",
    "a call by name": "order = call_tool('get_order', order_id=1)\norder['anything'].foo",
    "an error": "try:\n    get_order(1)\nexcept ToolError as error:\n    print(error.type, error)",
    "a parameter with a default": "list_orders(customer_id=None), list_orders(status=None, limit=2)",
    "arguments in a dict": "wanted = {'order_id': 1}\nget_order(**wanted), list_orders(**{'limit': 5})",
    "Python 3.14": "type Pair[T] = tuple[T, T]\ndef f[T](x: T) -> Pair[T]:\n    return x, x\nf(1)",
}


@pytest.mark.parametrize("name", RIGHT)
async def test_what_may_work_is_not_reported(name: str) -> None:
    """Code that works, or works for some data, gets no problem."""
    assert await check_types(RIGHT[name], STUBS, within_seconds=GENEROUS) == TypeCheck()


TOO_MUCH = {
    "group_nested_defaultdict": "ty unrolls the type of a dict whose values are dicts of its own kind, for seconds"
}
"""Programs of the corpus of which nothing is said, each with the reason."""


async def test_nothing_is_reported_of_the_corpus() -> None:
    """None of the programs that run as they should is sent back."""
    one_by_one = asyncio.Semaphore(2)

    async def checked(name: str) -> TypeCheck:
        async with one_by_one:
            return await check_types(CORPUS[name], STUBS, within_seconds=1 if name in TOO_MUCH else GENEROUS)

    checks = await asyncio.gather(*map(checked, CORPUS))
    problems = {name: check.problems for name, check in zip(CORPUS, checks, strict=True) if check.problems}
    unavailable = {name for name, check in zip(CORPUS, checks, strict=True) if check.unavailable}
    assert problems == {}
    assert unavailable <= set(TOO_MUCH)


async def test_a_stub_that_is_no_python_makes_its_tool_unknown_alone() -> None:
    """The other tools are checked as before."""
    stubs = STUBS | {"odd": "class Odd(TypedDict):\n    e-mail: str\nasync def odd() -> Odd: ..."}
    check = await check_types("odd(1, 2)['x'].y\nget_order('1')", stubs, within_seconds=GENEROUS)
    assert [problem.line for problem in check.problems] == [2]


async def test_two_tools_may_have_classes_of_one_name() -> None:
    """Each result has the keys that its own tool declares."""
    stubs = {
        "a": "class Row(TypedDict):\n    x: int\n\nasync def a() -> Row: ...",
        "b": "class Row(TypedDict):\n    y: int\n\nasync def b() -> Row: ...",
    }
    check = await check_types("a()['x'], b()['y']\na()['y']\nb()['x']", stubs, within_seconds=GENEROUS)
    assert [problem.line for problem in check.problems] == [2, 3]


async def test_settings_of_the_surroundings_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a project around the temporary folder nor the user's own settings change what is reported."""
    silent = '[rules]\nall = "ignore"\n'
    (tmp_path / "ty.toml").write_text(silent)
    (tmp_path / "pyproject.toml").write_text("[tool.ty.rules]\nall = 'ignore'\n")
    (tmp_path / "config/ty").mkdir(parents=True)
    (tmp_path / "config/ty/ty.toml").write_text(silent)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TY_CONFIG_FILE", str(tmp_path / "ty.toml"))
    check = await check_types("get_order('1')  # type: ignore", STUBS, within_seconds=GENEROUS)
    assert [problem.line for problem in check.problems] == [1]


HOSTILE = {
    "a long sum": "+".join(["1"] * 15_000),
    "many signs": "-" * 8_000 + "1",
    "half a character": "get_order('\ud800')",
    "a null byte": "x = '\0'",
    "no Python": "if x\n    pass",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_code_that_breaks_the_checker_is_told_as_unavailable(name: str) -> None:
    """Whatever a block holds, the outcome is a value that says why nothing is known."""
    check = await check_types(HOSTILE[name], STUBS, within_seconds=GENEROUS)
    assert check.problems == ()
    assert check.unavailable


def _program(folder: Path, script: str) -> Path:
    program = folder / "ty"
    program.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}\n")
    program.chmod(0o755)
    return program


BROKEN = {
    "a crash": ("kill -6 $$", "broke down"),
    "an error": ("exit 2", "broke down (exit code 2)"),
    "no JSON": ("echo all is well", "in a form that is not known"),
    "other JSON": ("echo '[{\"rule\": 1}]'", "in a form that is not known"),
    "a flood": ("exec yes", "said more than"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_checker_that_breaks_is_told_as_unavailable(name: str, tmp_path: Path) -> None:
    """A crash, an answer in another form and a flood of words are no problem of the block."""
    script, words = BROKEN[name]
    check = await check_types("1", STUBS, within_seconds=GENEROUS, checker=_program(tmp_path, script))
    assert check.problems == ()
    assert words in check.unavailable


async def test_a_checker_that_is_missing_is_told_as_unavailable(tmp_path: Path) -> None:
    """Without the program nothing is known, and the words say that it cannot be started."""
    check = await check_types("1", STUBS, checker=tmp_path / "ty")
    assert "cannot be started" in check.unavailable


async def test_a_checker_that_is_late_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """After its time the checker and its children are gone, and so is the folder that they worked in."""
    told = tmp_path / "told"
    os.mkfifo(told)
    program = _program(tmp_path, f"sleep 1000 & echo $! $PWD > {told}; wait")
    checking = asyncio.create_task(check_types("1", STUBS, within_seconds=2, checker=program))
    child, folder = (await asyncio.to_thread(told.read_text)).split()
    check = await checking
    assert "longer than 2 s" in check.unavailable
    await _gone(int(child))
    assert not await asyncio.to_thread(Path(folder).exists)


async def test_cancelling_ends_the_checker(tmp_path: Path) -> None:
    """Who stops waiting leaves no process behind."""
    told = tmp_path / "told"
    os.mkfifo(told)
    program = _program(tmp_path, f"sleep 1000 & echo $! > {told}; wait")
    checking = asyncio.create_task(check_types("1", STUBS, within_seconds=GENEROUS, checker=program))
    child = int(await asyncio.to_thread(told.read_text))
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    await _gone(child)


async def test_the_checker_sees_no_environment_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reads hostile text holds no credential."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    seen = tmp_path / "seen"
    await check_types("1", STUBS, within_seconds=GENEROUS, checker=_program(tmp_path, f"env > {seen}; echo '[]'"))
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert names <= {"HOME", "XDG_CONFIG_HOME", "TY_MAX_PARALLELISM", "PWD", "OLDPWD", "SHLVL", "_"}


async def _gone(process: int) -> None:
    async with asyncio.timeout(10):
        while _runs(process):
            await asyncio.to_thread(os.sched_yield)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
