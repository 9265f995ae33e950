"""What every backend promises: the language, the bridge and the outcomes."""

import asyncio

import pytest

from sandbox.protocol import (
    Answer,
    BlockCompleted,
    BlockFailed,
    BlockLimits,
    BlockSpec,
    Call,
    Journal,
    ValueAnswer,
)
from tests.sandbox.blocks import STARTED_AT, Blocks, Desk

PROGRAMS = {
    "the last expression is the result": ("x = 20\nx * 2 + 2", 42),
    "a block without an expression has no result": ("x = 1", None),
    "top-level await": ("order = await get_order(7)\norder['total']", "7.50"),
    "a plain call": ("order = get_order(7)\norder['total']", "7.50"),
    "asyncio.run": (
        """
        import asyncio
        async def main():
            return (await get_order(3))['id']
        asyncio.run(main())
        """,
        3,
    ),
    "a call by name": ("call_tool('get_order', order_id=4)['id']", 4),
    "a call by name, awaited": ("(await call_tool('get_order', order_id=4))['id']", 4),
    "positional, keyword and default arguments": (
        "[get_order(1)['id'], get_order(order_id=2)['id'], get_order(3, 'long')['id'], get_order(4, detail='x')['id']]",
        [1, 2, 3, 4],
    ),
    "keyword-only arguments": ("len(list_orders(customer='ACME', limit=2))", 3),
    "main guard": (
        """
        def main():
            print('ran')
        if __name__ == '__main__':
            main()
        'end'
        """,
        "end",
    ),
    "sys.exit ends well": ("import sys\nsys.exit()\nprint('no')", None),
    "classes, enums, dataclasses": (
        """
            from dataclasses import dataclass
            from enum import Enum
            class Kind(Enum):
                A = 'a'
            @dataclass
            class Row:
                kind: Kind
                n: int = 1
            class Odd(ValueError):
                pass
            try:
                raise Odd('x')
            except ValueError as e:
                caught = type(e).__name__
            [Row(Kind.A), caught]
            """,
        [{"kind": "a", "n": 1}, "Odd"],
    ),
    "statistics and decimals": (
        """
            import statistics
            from decimal import Decimal
            [statistics.median([3, 1, 2]), sum([Decimal('1.10'), Decimal('2.20')])]
            """,
        [2, "3.30"],
    ),
    "generators and comprehensions": (
        "def g():\n    for i in range(3):\n        yield i * i\n[*g(), sum(g())]",
        [0, 1, 4, 5],
    ),
    "match": (
        """
        match {'a': [1, 2]}:
            case {'a': [x, *rest]}:
                r = (x, rest)
        r
        """,
        [1, [2]],
    ),
    "csv and io": ("import csv, io\nlist(csv.DictReader(io.StringIO('a,b\\n1,2\\n')))", [{"a": "1", "b": "2"}]),
    "deep recursion in Python": ("def depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)\ndepth(900)", 900),
    "a queue between tasks": (
        """
            import asyncio
            async def main():
                q = asyncio.Queue()
                async def produce():
                    for i in range(3):
                        await asyncio.sleep(3600)
                        await q.put(i)
                async with asyncio.TaskGroup() as group:
                    group.create_task(produce())
                    return [await q.get() for _ in range(3)]
            await main()
            """,
        [0, 1, 2],
    ),
    "a time-out of the block's own": (
        """
            import asyncio
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 5)
            except TimeoutError:
                r = 'late'
            r
            """,
        "late",
    ),
    "a thread that needs none": ("import asyncio\nawait asyncio.to_thread(lambda: 5)", 5),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_language_is_python(name: str, blocks: Blocks) -> None:
    """Programs as models write them run as in CPython, in either style of calling."""
    code, expected = PROGRAMS[name]
    outcome = await blocks.run(code)
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == expected


VALUES = {
    "(1, 2)": [1, 2],
    "{3, 1, 2}": [1, 2, 3],
    "frozenset({'b', 'a'})": ["a", "b"],
    "b'\\x00\\xff'": "AP8=",
    "2**53": "9007199254740992",
    "2**53 - 1": 9007199254740991,
    "__import__('datetime').date(2026, 1, 2)": "2026-01-02",
    "__import__('datetime').datetime(2026, 1, 2, 3, 4, tzinfo=__import__('datetime').UTC)": "2026-01-02T03:04:00+00:00",
    "__import__('datetime').timedelta(minutes=1)": 60.0,
    "__import__('decimal').Decimal('0.10')": "0.10",
    "__import__('fractions').Fraction(1, 3)": "1/3",
    "__import__('uuid').UUID(int=1)": "00000000-0000-0000-0000-000000000001",
    "__import__('collections').Counter('aab')": {"a": 2, "b": 1},
    "__import__('collections').namedtuple('P', 'x y')(1, 2)": {"x": 1, "y": 2},
    "{1: 'a', None: 'b', True: 'c'} | {2.5: 'd'}": {"1": "c", "null": "b", "2.5": "d"},
    "range(3)": [0, 1, 2],
    "{'a': 1}.keys()": ["a"],
}


@pytest.mark.parametrize("expression", VALUES)
async def test_values_cross_the_bridge_in_one_defined_way(expression: str, blocks: Blocks) -> None:
    """An argument, its answer and a result are turned into JSON by the same rules, the first time as on a replay."""
    desk = Desk()
    outcome = await blocks.run(f"value = {expression}\n[echo(value=value), value]", desk=desk)
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [VALUES[expression], VALUES[expression]]
    assert desk.asked[0].arguments == {"value": VALUES[expression]}


REFUSED_VALUES = {
    "float('nan')": ("ValueError", "nan"),
    "float('inf')": ("ValueError", "inf"),
    "object()": ("TypeError", "object"),
    "1j": ("TypeError", "complex"),
    "'\\ud800'": ("ValueError", "surrogate"),
    "{(1, 2): 3}": ("TypeError", "tuple"),
    "{1: 'a', '1': 'b'}": ("ValueError", "two keys"),
    "10**5000": ("ValueError", "digits"),
    "(i for i in range(3))": ("TypeError", "generator"),
}


@pytest.mark.parametrize("expression", REFUSED_VALUES)
async def test_values_that_json_cannot_hold_are_refused_where_the_block_can_see_it(
    expression: str, blocks: Blocks
) -> None:
    """A value without a JSON form is an error that names it: catchable at a call, the block's error as its result."""
    error, words = REFUSED_VALUES[expression]
    caught = await blocks.run(
        f"try:\n    echo(value={expression})\nexcept Exception as e:\n    r = [type(e).__name__, str(e)]\nr"
    )
    assert isinstance(caught, BlockCompleted), caught
    assert isinstance(caught.result, list)
    assert caught.result[0] == error
    assert words in str(caught.result[1])
    result = await blocks.run(expression)
    assert isinstance(result, BlockFailed)
    assert result.error == error
    assert words in result.message


async def test_a_bomb_of_shared_references_is_refused_at_once(blocks: Blocks) -> None:
    """Lists that hold each other twice, forty deep, neither hang the guest nor the host."""
    bomb = "x = []\nfor _ in range(40):\n    x = [x, x]\n"
    as_result = await blocks.run(f"{bomb}x")
    assert isinstance(as_result, BlockFailed)
    assert as_result.limit == "result_bytes"
    as_argument = await blocks.run(f"{bomb}echo(value=x)")
    assert isinstance(as_argument, BlockFailed)
    assert as_argument.limit == "argument_bytes"


async def test_gathered_reads_run_in_parallel_on_the_host(blocks: Blocks) -> None:
    """Calls that a block gathers are all asked before any is answered."""
    together = asyncio.Barrier(5)

    async def answer(call: Call) -> Answer:
        async with asyncio.timeout(10):
            await together.wait()
        return ValueAnswer(value=call.arguments["order_id"])

    spec = BlockSpec(
        code="import asyncio\nawait asyncio.gather(*[get_order(order_id=i) for i in range(5)])",
        tools=("get_order",),
        journal=Journal(seed="s", started_at=STARTED_AT),
    )
    outcome = await blocks.sandbox.run(spec, answer)
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("kind", "handler"),
    [
        ("ValueError", "ValueError"),
        ("KeyError", "LookupError"),
        ("OutOfStock", "ToolError"),
        ("ToolError", "ToolError"),
    ],
)
async def test_a_tools_error_is_an_exception_that_the_block_can_catch(kind: str, handler: str, blocks: Blocks) -> None:
    """A failed call raises the tool's own error by its name, catchable as that and as ToolError."""
    code = f"""
        try:
            find_fault('{kind}', 'no such order')
        except {handler} as e:
            r = [type(e).__name__, isinstance(e, ToolError), 'no such order' in str(e)]
        r
        """
    outcome = await blocks.run(code)
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [kind, True, True]


async def test_an_error_is_reported_with_the_blocks_own_lines_only(blocks: Blocks) -> None:
    """The traceback shows the block's frames and source, and no path of host or backend."""
    outcome = await blocks.run("def half(x):\n    return x / 0\n\nprint('before')\nhalf(4)")
    assert isinstance(outcome, BlockFailed)
    assert (outcome.error, outcome.message, outcome.stdout) == ("ZeroDivisionError", "division by zero", "before\n")
    assert 'File "block", line 5, in <module>\n    half(4)' in outcome.traceback
    assert 'File "block", line 2, in half\n    return x / 0' in outcome.traceback
    assert outcome.traceback.count('File "') == 2


async def test_a_syntax_error_is_reported_like_any_other(blocks: Blocks) -> None:
    """Code that does not parse ends the block with the line and what is wrong in it."""
    outcome = await blocks.run("x = 1\nif x\n    pass")
    assert isinstance(outcome, BlockFailed)
    assert outcome.error == "SyntaxError"
    assert 'File "block", line 2' in outcome.traceback


async def test_names_outside_the_grant_are_refused_by_the_host(blocks: Blocks) -> None:
    """A tool outside the grant is no name in the block, and PermissionError by any other way; nobody is asked."""
    desk = Desk()
    static = await blocks.run("issue_refund(1)", tools=("get_order",), desk=desk)
    assert isinstance(static, BlockFailed)
    assert static.error == "NameError"
    dynamic = await blocks.run(
        """
            try:
                call_tool('issue' + '_refund', order_id=1)
            except PermissionError as e:
                r = str(e)
            r
            """,
        tools=("get_order",),
        desk=desk,
    )
    assert isinstance(dynamic, BlockCompleted)
    assert "issue_refund" in str(dynamic.result)
    assert desk.asked == []


async def test_arguments_that_do_not_fit_a_signature_never_reach_the_host(blocks: Blocks) -> None:
    """Missing, unknown and surplus arguments raise TypeError where the call is written."""
    desk = Desk()
    for call in ("get_order()", "get_order(1, 2, 3)", "get_order(1, detial='x')", "list_orders('ACME')"):
        outcome = await blocks.run(call, desk=desk)
        assert isinstance(outcome, BlockFailed)
        assert outcome.error == "TypeError"
        assert call.split("(")[0] in outcome.message
    assert desk.asked == []


async def test_there_is_nobody_to_ask(blocks: Blocks) -> None:
    """What reads from stdin finds its end at once, and does not wait for a person until the time is up."""
    outcome = await blocks.run(
        """
            import sys
            try:
                input('password: ')
            except EOFError:
                answer = sys.stdin.read() + sys.__stdin__.read()
            answer
            """
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == ""


async def test_stdout_and_stderr_are_one_stream(blocks: Blocks) -> None:
    """What is printed comes back in order, whichever stream it went to."""
    outcome = await blocks.run(
        """
            import sys
            print('a')
            print('b', file=sys.stderr)
            sys.stdout.buffer.write(b'c')
            None
            """
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.stdout == "a\nb\nc"
    assert not outcome.stdout_truncated


async def test_a_call_that_was_never_awaited_is_never_run(blocks: Blocks) -> None:
    """In a block that awaits its calls, a forgotten `await` runs nothing, and the output says so."""
    desk = Desk()
    outcome = await blocks.run("issue_refund(1)\n(await get_order(2))['id']", desk=desk)
    assert isinstance(outcome, BlockCompleted), outcome
    assert [call.tool for call in desk.asked] == ["get_order"]
    assert "'issue_refund' was never awaited" in outcome.stdout


async def test_using_a_call_that_was_not_awaited_says_what_to_do(blocks: Blocks) -> None:
    """The error about a coroutine used as a value tells the model to write `await`."""
    outcome = await blocks.run("order = get_order(2)\nawait echo(value=1)\norder['id']")
    assert isinstance(outcome, BlockFailed)
    assert "write `await` before it" in outcome.message


async def test_tasks_that_wait_for_each_other_fail_clearly(blocks: Blocks) -> None:
    """A block that can never go on is told so instead of running into its time limit."""
    outcome = await blocks.run("import asyncio\nawait asyncio.Event().wait()")
    assert isinstance(outcome, BlockFailed)
    assert "waits for something" in outcome.message


async def test_what_the_host_raises_is_raised_from_run(blocks: Blocks) -> None:
    """A fault of the host is no outcome of the block."""

    async def answer(call: Call) -> Answer:
        raise ConnectionResetError(call.tool)

    spec = BlockSpec(code="echo()", tools=("echo",), journal=Journal(seed="s", started_at=STARTED_AT))
    with pytest.raises(ConnectionResetError):
        await blocks.sandbox.run(spec, answer)


async def test_blocks_share_nothing(blocks: Blocks) -> None:
    """What one block leaves in modules, builtins or files is not there for the next."""
    left = """
        import builtins, json
        builtins.left = json.left = 1
        try:
            open('left', 'w').write('x')
        except OSError:
            pass
        """
    assert isinstance(await blocks.run(left), BlockCompleted)
    outcome = await blocks.run(
        """
            import builtins, json, os
            [hasattr(builtins, 'left'), hasattr(json, 'left'), os.path.exists('left')]
            """
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [False, False, False]


async def test_many_blocks_at_once_do_not_mix(blocks: Blocks) -> None:
    """Blocks that run side by side each get their own answers and output."""
    code = "print(get_order({n})['id'])\n{n}"
    outcomes = await asyncio.gather(*(blocks.run(code.format(n=n)) for n in range(6)))
    for number, outcome in enumerate(outcomes):
        assert isinstance(outcome, BlockCompleted), outcome
        assert (outcome.result, outcome.stdout) == (number, f"{number}\n")


async def test_usage_counts_calls(blocks: Blocks) -> None:
    """An outcome says how many calls were made, and that none of a first run came from the journal."""
    outcome = await blocks.run("[get_order(i)['id'] for i in range(4)]", limits=BlockLimits())
    assert (outcome.usage.calls, outcome.usage.replayed) == (4, 0)
    assert outcome.usage.wall_seconds > 0


FINISHES = {
    "sync": "finish({'total': [get_order(i)['total'] for i in (1, 2)]})\nprint('never')",
    "awaiting": "total = (await get_order(1))['total']\nfinish({'total': total})",
    "swallowing": "try:\n    finish({'total': 1})\nexcept BaseException:\n    get_order(2)\nfinally:\n    get_order(3)",
    "gathered": (
        "import asyncio\n"
        "async def one():\n    finish({'total': 1})\n"
        "async def two():\n    await issue_refund(order_id=1)\n"
        "await asyncio.gather(two(), one())"
    ),
}


@pytest.mark.parametrize("way", FINISHES)
async def test_finish_ends_the_block_there_with_its_value(blocks: Blocks, way: str) -> None:
    """Nothing after `finish(value)` runs, however the code tries, and the value is the outcome's result."""
    desk = Desk()
    outcome = await blocks.run(FINISHES[way], desk=desk)
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.finished
    assert isinstance(outcome.result, dict)
    assert outcome.result["total"]
    assert outcome.stdout == ""
    assert [call.tool for call in desk.asked] == ["get_order"] * {"sync": 2, "awaiting": 1}.get(way, 0)


async def test_finish_refuses_a_value_that_is_no_json(blocks: Blocks) -> None:
    """The block may catch that and finish with something better."""
    outcome = await blocks.run("try:\n    finish({'x': float('nan')})\nexcept ValueError as e:\n    finish(str(e))")
    assert isinstance(outcome, BlockCompleted)
    assert outcome.finished
    assert "the value of finish.x is nan" in str(outcome.result)
