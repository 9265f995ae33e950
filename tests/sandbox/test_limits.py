"""Every limit bites within a second, is named, and costs nobody else anything."""

import asyncio
import textwrap
import time

import pytest

from sandbox.protocol import (
    Answer,
    BlockCompleted,
    BlockFailed,
    BlockLimits,
    BlockSpec,
    BlockSuspended,
    Call,
    Journal,
    ValueAnswer,
)
from tests.sandbox.backends import differs
from tests.sandbox.blocks import LATER, STARTED_AT, Blocks, Desk

MEMORY = 64 * 2**20
SPINS = "while True:\n    pass"

OVERSTEPS: dict[str, tuple[str, BlockLimits]] = {
    "wall_seconds": (SPINS, BlockLimits(wall_seconds=0.5)),
    "cpu_seconds": (SPINS, BlockLimits(wall_seconds=20, cpu_seconds=0.5)),
    "memory_bytes": (
        """
        x = [0] * 1000
        while True:
            x = x + x
        """,
        BlockLimits(wall_seconds=20, memory_bytes=MEMORY),
    ),
    "result_bytes": ("'x' * 100_000_000", BlockLimits(wall_seconds=20)),
    "argument_bytes": ("echo(value='x' * 10_000_000)", BlockLimits(wall_seconds=20)),
    "calls": ("while True:\n    echo(value=1)", BlockLimits(wall_seconds=20, calls=25)),
    "code_bytes": ("#" * 1000, BlockLimits(code_bytes=100)),
}


@pytest.mark.parametrize("limit", OVERSTEPS)
async def test_a_limit_ends_the_block_in_time_and_is_named(limit: str, blocks: Blocks) -> None:
    """A block that goes too far fails with the limit's name, at most a second late."""
    code, limits = OVERSTEPS[limit]
    outcome = await blocks.run(code, limits=limits)
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.limit == limit
    if limit == "wall_seconds":
        assert 0.5 <= outcome.usage.wall_seconds < 1.5
    if limit == "cpu_seconds":
        assert outcome.usage.cpu_seconds is not None
        assert 0.5 <= outcome.usage.cpu_seconds < 1.5


async def test_a_value_of_a_gigabyte_ends_the_block_not_the_worker(blocks: Blocks) -> None:
    """A result that would fill the machine runs into the block's own memory limit."""
    outcome = await blocks.run("'x' * 1_000_000_000")
    assert isinstance(outcome, BlockFailed)
    assert outcome.limit == "memory_bytes"


@differs("memory_not_catchable")
async def test_a_block_may_catch_want_of_memory_and_go_on(blocks: Blocks) -> None:
    """The kernel refuses the memory, so that the block sees a MemoryError where it asked for too much."""
    code = """
        try:
            x = bytearray(200_000_000)
        except MemoryError:
            x = 'refused'
        x
        """
    outcome = await blocks.run(code, limits=BlockLimits(wall_seconds=20, memory_bytes=MEMORY))
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == "refused"


FLOODS = {
    "one print of 40 MB": "print('x' * 40_000_000)",
    "many prints": "for i in range(20000):\n    print('line', i)",
    "bytes": """
        import sys
        for _ in range(100):
            sys.stdout.buffer.write(b'y' * 100_000)
        """,
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_output_is_bounded_and_says_so(flood: str, blocks: Blocks) -> None:
    """Of too much output the beginning and the end are kept, and the text says how much was left out."""
    code = f"print('first')\n{textwrap.dedent(FLOODS[flood])}\nprint('last')\n'end'"
    outcome = await blocks.run(code, limits=BlockLimits(wall_seconds=30, stdout_bytes=4096))
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.stdout_truncated
    assert outcome.stdout.startswith("first\n")
    assert outcome.stdout.endswith("last\n")
    assert "limit stdout_bytes=4,096" in outcome.stdout
    assert len(outcome.stdout) < 4096 + 200


async def test_output_past_the_prelude_is_bounded_too(blocks: Blocks) -> None:
    """A block that writes around `print`, straight to the host, gets no more through."""
    code = f"""
        import sys
        for _ in range(200):
            sys.modules['sandbox.guest.{blocks.port}']._write(b'z' * 100_000)
        'end'
        """
    outcome = await blocks.run(code, limits=BlockLimits(wall_seconds=30, stdout_bytes=4096))
    assert outcome.stdout_truncated
    assert len(outcome.stdout) < 4096 + 200


async def ended_after_it_printed(code: str, limits: BlockLimits, blocks: Blocks) -> BlockFailed:
    """How a block was ended that had time enough to print: on a busy emulated machine, half a second is not."""
    for seconds in (0.5, 4.0, 12.0):
        outcome = await blocks.run(code, limits=limits.model_copy(update={"wall_seconds": seconds}))
        assert isinstance(outcome, BlockFailed)
        assert outcome.limit == "wall_seconds"
        if outcome.stdout:
            return outcome
    raise AssertionError("nothing that the block printed was kept")


async def test_output_after_a_call_that_is_lost_with_the_guest_is_told(blocks: Blocks) -> None:
    """A guest that is killed cannot send the end that it kept back, whatever it had said at its last call."""
    code = f"echo()\nprint('x' * 20_000)\n{SPINS}"
    outcome = await ended_after_it_printed(code, BlockLimits(stdout_bytes=4096), blocks)
    assert outcome.stdout_truncated
    assert "limit stdout_bytes=4,096" in outcome.stdout


async def test_a_journal_counts_the_same_when_it_is_resumed(blocks: Blocks) -> None:
    """In bytes, of calls and answers: no block fails for having been suspended."""
    code = "echo(value='é' * 1_000)\nissue_refund(1)\n'end'"
    first = await blocks.run(code)
    assert isinstance(first, BlockSuspended)
    size = sum(len(entry.call.model_dump_json().encode()) for entry in first.journal.entries)
    answer = first.journal.entries[0].answer
    assert answer is not None
    size += len(answer.model_dump_json().encode())
    limits = BlockLimits(wall_seconds=20, journal_bytes=size + 200)
    assert isinstance(await blocks.run(code, limits=limits), BlockSuspended)
    journal = first.journal.answered(2, ValueAnswer(value="done"), at=LATER)
    assert isinstance(await blocks.run(code, journal=journal, limits=limits), BlockCompleted)
    narrow = BlockLimits(wall_seconds=20, journal_bytes=size - 1)
    assert isinstance(await blocks.run(code, limits=narrow), BlockFailed)


async def test_output_before_a_time_limit_is_kept(blocks: Blocks) -> None:
    """What a block printed before it was ended is there, for the model to see how far it came."""
    outcome = await ended_after_it_printed(f"print('so far')\n{SPINS}", BlockLimits(), blocks)
    assert outcome.stdout == "so far\n"


async def test_an_answer_beyond_its_limit_is_an_error_that_the_block_can_catch(blocks: Blocks) -> None:
    """A tool that returns too much fails for the block, with the limit's name."""

    async def answer(_: Call) -> Answer:
        return ValueAnswer(value="x" * 10_000)

    spec = BlockSpec(
        code="try:\n    echo()\nexcept ToolError as e:\n    r = str(e)\nr",
        tools=("echo",),
        limits=BlockLimits(answer_bytes=1000),
        journal=Journal(seed="s", started_at=STARTED_AT),
    )
    outcome = await blocks.sandbox.run(spec, answer)
    assert isinstance(outcome, BlockCompleted), outcome
    assert "limit answer_bytes" in str(outcome.result)


async def test_waiting_for_a_slow_tool_counts_as_time(blocks: Blocks) -> None:
    """The wall-clock limit holds while the guest waits for the host, and the tool is cancelled."""
    cancelled = asyncio.Event()

    async def answer(_: Call) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    spec = BlockSpec(
        code="echo()",
        tools=("echo",),
        # Enough to come to the call on an emulated machine, too.
        limits=BlockLimits(wall_seconds=3),
        journal=Journal(seed="s", started_at=STARTED_AT),
    )
    outcome = await blocks.sandbox.run(spec, answer)
    assert isinstance(outcome, BlockFailed)
    assert outcome.limit == "wall_seconds"
    assert cancelled.is_set()


async def test_the_event_loop_of_the_worker_never_waits_for_a_guest(blocks: Blocks) -> None:
    """While blocks compute, print and call, no other task of the worker is held up noticeably."""
    longest = 0.0
    busy = asyncio.gather(
        blocks.run(SPINS, limits=BlockLimits(wall_seconds=1)),
        blocks.run("while True:\n    print('x' * 1000)", limits=BlockLimits(wall_seconds=1)),
        blocks.run("for i in range(500):\n    echo(value='x' * 1000)"),
    )
    while not busy.done():
        # This thread's own time: what else the machine does is no business of this test.
        before = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    await busy
    assert longest < 0.25


async def test_cancelling_a_run_ends_it_and_its_calls_at_once(blocks: Blocks) -> None:
    """A cancelled run is over within two seconds, and the tool that it waited for is cancelled with it."""
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def answer(_: Call) -> Answer:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    spec = BlockSpec(
        code=f"import asyncio\nasync def spin():\n    {SPINS.replace(chr(10), chr(10) + '    ')}\nawait echo()",
        tools=("echo",),
        journal=Journal(seed="s", started_at=STARTED_AT),
    )
    run = asyncio.create_task(blocks.sandbox.run(spec, answer))
    await asked.wait()
    started = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert time.monotonic() - started < 2
    assert cancelled.is_set()


async def test_cancelling_ends_a_guest_that_never_yields(blocks: Blocks) -> None:
    """A guest in an endless loop is ended by cancelling as well."""
    desk = Desk()
    run = asyncio.create_task(blocks.run(f"echo(value=1)\n{SPINS}", desk=desk))
    await desk.was_asked.wait()
    started = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert time.monotonic() - started < 2


async def test_a_journal_ends_the_block_before_it_outgrows_its_limit(blocks: Blocks) -> None:
    """A hundred large answers would each fit; together they have to travel with every resume."""
    code = "for number in range(100):\n    echo(value='x' * 10_000)"
    outcome = await blocks.run(code, limits=BlockLimits(wall_seconds=20, journal_bytes=100_000))
    assert isinstance(outcome, BlockFailed)
    assert outcome.limit == "journal_bytes"
    assert outcome.usage.calls < 20
