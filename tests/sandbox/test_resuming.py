"""Suspending at side effects and resuming by replay: every round runs in a fresh guest, from JSON."""

import pytest

from sandbox.protocol import (
    BlockCompleted,
    BlockDiverged,
    BlockFailed,
    BlockLimits,
    BlockSuspended,
    Call,
    DeniedAnswer,
    ExpiredAnswer,
    FailedAnswer,
    FinalAnswer,
    Journal,
    ValueAnswer,
)
from tests.sandbox.blocks import LATER, STARTED_AT, Blocks, Desk, approve, deny


def number_of(call: Call) -> int:
    number = call.arguments["order_id"]
    assert isinstance(number, int)
    return number


THREE_IN_A_ROW = """
done = []
for order_id in (1, 2, 3):
    try:
        done.append({awaits}issue_refund(order_id))
    except PermissionError as denied:
        done.append(f"denied: {{denied}}")
done
"""


@pytest.mark.parametrize("awaits", ["", "await "])
async def test_three_side_effects_in_a_row_each_wait_for_their_own_decision(awaits: str, blocks: Blocks) -> None:
    """Each side effect suspends the block once; the second, denied, is a PermissionError with the reason."""

    def decide(call: Call) -> FinalAnswer:
        return DeniedAnswer(reason="too late") if number_of(call) == 2 else approve(call)

    story = await blocks.run_through(THREE_IN_A_ROW.format(awaits=awaits), decide)
    assert story.pending == [["issue_refund"]] * 3
    assert isinstance(story.outcome, BlockCompleted), story.outcome
    assert story.outcome.result == ["issue_refund 1 done", "denied: too late", "issue_refund 3 done"]
    assert [number_of(call) for call in story.desk.asked] == [1, 2, 3]


async def test_five_reads_then_five_gathered_side_effects_are_one_suspension(blocks: Blocks) -> None:
    """Calls that are gathered wait together; the reads before them run once in all."""
    story = await blocks.run_through(
        """
            import asyncio
            orders = [await get_order(i) for i in range(5)]
            await asyncio.gather(*[issue_refund(o['id'], o['total']) for o in orders])
            """
    )
    assert story.pending == [["issue_refund"] * 5]
    assert isinstance(story.outcome, BlockCompleted), story.outcome
    assert story.outcome.result == [f"issue_refund {i} done" for i in range(5)]
    assert [call.tool for call in story.desk.asked] == ["get_order"] * 5 + ["issue_refund"] * 5
    assert (story.outcome.usage.calls, story.outcome.usage.replayed) == (10, 10)


async def test_reads_between_side_effects_run_once(blocks: Blocks) -> None:
    """Reads and side effects in turns: every call reaches the host exactly once, over all rounds."""
    story = await blocks.run_through(
        """
            out = []
            for i in range(3):
                order = get_order(i)
                out.append([order['tags'], issue_refund(i)])
            len(out)
            """
    )
    assert len(story.suspensions) == 3
    assert [call.tool for call in story.desk.asked] == ["get_order", "issue_refund"] * 3
    assert [call.number for call in story.desk.asked] == [1, 2, 3, 4, 5, 6]


async def test_reads_and_side_effects_gathered_together(blocks: Blocks) -> None:
    """A gather of both kinds answers the reads, then suspends with the side effects only."""
    story = await blocks.run_through(
        """
            import asyncio
            await asyncio.gather(get_order(1), issue_refund(2), get_order(3), send_email('a@b'))
            """
    )
    assert story.pending == [["issue_refund", "send_email"]]
    assert isinstance(story.outcome, BlockCompleted), story.outcome


async def test_answers_may_trickle_in(blocks: Blocks) -> None:
    """With one decision at a time the block goes on as far as it can, and ends as if all had come at once."""
    code = """
            import asyncio
            seen = []
            async def one(i):
                seen.append(await issue_refund(i))
            await asyncio.gather(*[one(i) for i in range(3)])
            sorted(seen)
            """
    order = iter([2, 0, 1])
    turn = -1

    def one_at_a_time(call: Call) -> FinalAnswer | None:
        return approve(call) if number_of(call) == turn else None

    desk = Desk()
    outcome = await blocks.run(code, desk=desk)
    rounds = 0
    while isinstance(outcome, BlockSuspended):
        rounds += 1
        turn = next(order)
        journal = outcome.journal
        for call in outcome.pending:
            if answer := one_at_a_time(call):
                journal = journal.answered(call.number, answer, at=LATER)
        outcome = await blocks.run(code, journal=journal, desk=desk)
    assert rounds == 3
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [f"issue_refund {i} done" for i in range(3)]
    assert len(desk.asked) == 3
    assert [entry.batch for entry in outcome.journal.entries] == [2, 3, 1]


async def test_resuming_without_any_new_answer_suspends_again(blocks: Blocks) -> None:
    """A resume that comes too early changes nothing but the count of suspensions."""
    first = await blocks.run("issue_refund(1)")
    assert isinstance(first, BlockSuspended)
    desk = Desk()
    second = await blocks.run("issue_refund(1)", journal=first.journal, desk=desk)
    assert isinstance(second, BlockSuspended)
    assert (second.pending, second.journal.entries) == (first.pending, first.journal.entries)
    assert desk.asked == []


SHAPES = {
    "asyncio.run": """
        import asyncio
        async def main():
            return await issue_refund(1)
        asyncio.run(main())
        """,
    "a task group": (
        """
            import asyncio
            async with asyncio.TaskGroup() as group:
                a = group.create_task(issue_refund(1))
                b = group.create_task(issue_refund(2))
            [a.result(), b.result()]
            """
    ),
    "as completed": """
        import asyncio
        [await t for t in asyncio.as_completed([issue_refund(i) for i in range(3)])]
        """,
    "a task made early": """
        import asyncio
        t = asyncio.create_task(issue_refund(1))
        order = await get_order(5)
        [await t, order['id']]
        """,
    "inside a function called by map": "list(map(lambda i: issue_refund(i), [1, 2]))",
    "inside a generator": """
        def refunds():
            for i in (1, 2):
                yield issue_refund(i)
        list(refunds())
        """,
    "under a time-out of the block": "import asyncio\nawait asyncio.wait_for(issue_refund(1), timeout=1)",
    "behind a lock": (
        """
            import asyncio
            lock = asyncio.Semaphore(1)
            async def one(i):
                async with lock:
                    return await issue_refund(i)
            await asyncio.gather(*[one(i) for i in range(2)])
            """
    ),
    "in a class": (
        """
            class Desk:
                def __init__(self):
                    self.log = []
                def refund(self, i):
                    self.log.append(issue_refund(i))
            desk = Desk()
            [desk.refund(i) for i in (1, 2)]
            desk.log
            """
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_way_of_calling_resumes(shape: str, blocks: Blocks) -> None:
    """However a block arranges its calls, each is asked once and the block ends with all the answers."""
    story = await blocks.run_through(SHAPES[shape])
    assert isinstance(story.outcome, BlockCompleted), story.outcome
    assert story.suspensions
    assert len({call.number for call in story.desk.asked}) == len(story.desk.asked)
    assert "done" in str(story.outcome.result)


SWALLOWERS = {
    "except BaseException": """
        try:
            {a}issue_refund(1)
        except BaseException:
            {a}send_email('swallowed')
        {a}send_email('after')
        """,
    "finally with a call": "try:\n    {a}issue_refund(1)\nfinally:\n    {a}send_email('finally')",
    "a context manager": (
        """
            import contextlib
            with contextlib.suppress(BaseException):
                {a}issue_refund(1)
            {a}send_email('suppressed')
            """
    ),
    "an endless retry": """
        while True:
            try:
                {a}issue_refund(1)
                break
            except BaseException:
                continue
        """,
}


@pytest.mark.parametrize("awaits", ["", "await "])
@pytest.mark.parametrize("way", SWALLOWERS)
async def test_a_suspension_cannot_be_swallowed(way: str, awaits: str, blocks: Blocks) -> None:
    """No handler of the block runs while a call is pending: the only call is the one that waits."""
    desk = Desk()
    outcome = await blocks.run(SWALLOWERS[way].format(a=awaits), desk=desk)
    assert isinstance(outcome, BlockSuspended), outcome
    assert [call.tool for call in desk.asked] == ["issue_refund"]
    assert [call.tool for call in outcome.pending] == ["issue_refund"]


ANSWERS: dict[str, tuple[FinalAnswer, str, str]] = {
    "denied": (DeniedAnswer(reason="not this customer"), "PermissionError", "not this customer"),
    "expired": (ExpiredAnswer(), "TimeoutError", "expired"),
    "failed": (FailedAnswer(type="ValueError", message="already refunded"), "ValueError", "already refunded"),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_what_is_not_approved_is_an_exception_of_its_own_kind(kind: str, blocks: Blocks) -> None:
    """Denied, expired and failed calls are told apart by the block, and end it when it does not catch them."""
    answer, error, words = ANSWERS[kind]
    caught = await blocks.run_through(
        f"try:\n    issue_refund(1)\nexcept {error} as e:\n    r = str(e)\nr", lambda _: answer
    )
    assert isinstance(caught.outcome, BlockCompleted), caught.outcome
    assert words in str(caught.outcome.result)
    uncaught = await blocks.run_through("issue_refund(1)", lambda _: answer)
    assert isinstance(uncaught.outcome, BlockFailed)
    assert uncaught.outcome.error == error
    assert words in uncaught.outcome.message


async def test_clock_chance_and_hashes_are_the_same_on_every_run(blocks: Blocks) -> None:
    """Every source of time and chance gives the same values before and after a suspension, and on a second story."""
    code = """
import datetime, os, random, secrets, time, uuid
def sample():
    return [str(datetime.datetime.now()), str(datetime.datetime.now(datetime.UTC)), str(datetime.date.today()),
            time.time(), time.time_ns(), time.monotonic(), time.perf_counter(), time.strftime('%H:%M:%S'), time.ctime(),
            random.random(), random.Random().random(), random.SystemRandom().random(), random.sample(range(99), 5),
            os.urandom(8), secrets.token_hex(8), str(uuid.uuid4()), str(uuid.uuid1()),
            hash('text'), list({'a', 'b', 'c'})]
before = sample()
echo(value=before)
issue_refund(1)
[before, sample()]
"""
    first, second = await blocks.run_through(code), await blocks.run_through(code)
    assert isinstance(first.outcome, BlockCompleted), first.outcome
    assert isinstance(second.outcome, BlockCompleted)
    assert isinstance(first.outcome.result, list)
    before, after = first.outcome.result
    assert isinstance(second.outcome.result, list)
    assert second.outcome.result[0] == before
    assert isinstance(before, list)
    assert isinstance(after, list)
    assert str(before[0]).startswith("2026-03-01 09:30:00")
    assert str(after[2]) > str(before[2]), "the clock moves to the time of the decision"
    assert before[9] != after[9]


async def test_another_seed_gives_other_numbers(blocks: Blocks) -> None:
    """Chance is fixed per block, not for all blocks."""
    code = "import random, uuid\n[random.random(), str(uuid.uuid4())]"
    results = [
        (await blocks.run(code, journal=Journal(seed=seed, started_at=STARTED_AT))).model_dump()["result"]
        for seed in ("one", "two")
    ]
    assert results[0] != results[1]


async def test_sleeping_costs_no_time(blocks: Blocks) -> None:
    """Sleeps move the block's clock and return at once."""
    outcome = await blocks.run(
        """
            import asyncio, time
            t = time.time()
            time.sleep(3600)
            await asyncio.sleep(7200)
            round(time.time() - t)
            """,
        limits=BlockLimits(wall_seconds=10),
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == 10800


async def test_values_have_the_same_types_before_and_after_a_replay(blocks: Blocks) -> None:
    """What an answer looks like does not depend on whether it was live or replayed."""
    code = """
        v = echo(value={'t': (1, 2), 1: {3}, 'd': 1.0, 'i': 1})
        print(v)
        issue_refund(1)
        [v, str(v)]
        """
    story = await blocks.run_through(code)
    assert isinstance(story.outcome, BlockCompleted), story.outcome
    assert story.suspensions[0].stdout == story.outcome.stdout
    assert story.outcome.stdout == "{'t': [1, 2], '1': [3], 'd': 1.0, 'i': 1}\n"


async def test_what_was_printed_before_a_suspension_is_in_the_final_output_once(blocks: Blocks) -> None:
    """The output of the last run is that of the whole block."""
    story = await blocks.run_through("print('one')\nissue_refund(1)\nprint('two')")
    assert story.suspensions[0].stdout == "one\n"
    assert story.outcome.stdout == "one\ntwo\n"


DIVERGENCES = {
    "another tool": ("send_email('x')", "issue_refund", "send_email"),
    "other arguments": ("issue_refund(2)", "issue_refund", "issue_refund"),
    "an argument of another type": ("issue_refund(1.0)", "issue_refund", "issue_refund"),
    "a call too few": ("'nothing'", "issue_refund", None),
    "an error before the call": ("1/0", "issue_refund", None),
    "a read in between": ("get_order(1)\nissue_refund(1)", "issue_refund", "get_order"),
}


@pytest.mark.parametrize("case", DIVERGENCES)
async def test_a_replay_that_does_something_else_diverges_and_runs_nothing(case: str, blocks: Blocks) -> None:
    """Changed code, arguments and missing calls end the block with what was expected and what came."""
    code, expected, got = DIVERGENCES[case]
    first = await blocks.run("issue_refund(1)")
    assert isinstance(first, BlockSuspended)
    desk = Desk()
    outcome = await blocks.run(code, journal=first.journal.answered(1, ValueAnswer(value="done"), at=LATER), desk=desk)
    assert isinstance(outcome, BlockDiverged), outcome
    assert outcome.expected is not None
    assert outcome.expected.tool == expected
    assert (outcome.got.tool if outcome.got else None) == got
    assert desk.asked == []


async def test_a_further_call_in_place_of_a_suspension_diverges(blocks: Blocks) -> None:
    """A replay that calls more than it did when it was suspended runs none of it."""
    first = await blocks.run("import asyncio\nawait asyncio.gather(issue_refund(1), issue_refund(2))")
    assert isinstance(first, BlockSuspended)
    desk = Desk()
    outcome = await blocks.run(
        """
            import asyncio
            await asyncio.gather(issue_refund(1), issue_refund(2), issue_refund(3))
            """,
        journal=first.journal,
        desk=desk,
    )
    assert isinstance(outcome, BlockDiverged), outcome
    assert outcome.expected is None
    assert outcome.got is not None
    assert outcome.got.arguments == {"order_id": 3}
    assert desk.asked == []


async def test_a_pending_call_of_a_finished_block_is_left_unrun(blocks: Blocks) -> None:
    """A task that nobody awaited stays pending in the journal of a block that completed."""
    outcome = await blocks.run("""
        import asyncio
        t = asyncio.create_task(issue_refund(1))
        await get_order(2)
        'end'
        """)
    assert isinstance(outcome, BlockCompleted), outcome
    assert [call.tool for call in outcome.journal.pending] == ["issue_refund"]


FAILED_TOGETHER = """
import asyncio
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(issue_refund(1))
        group.create_task(find_fault(kind='ValueError', message='no'))
except* ValueError:
    pass
"""
CANCELLED_BEFORE_IT_WAS_SENT = """
import asyncio
task = asyncio.create_task(issue_refund(1))
await asyncio.sleep(0)
task.cancel()
"""


@pytest.mark.parametrize("cancels", [FAILED_TOGETHER, CANCELLED_BEFORE_IT_WAS_SENT], ids=["sent", "unsent"])
async def test_nobody_is_asked_for_a_call_that_the_block_has_cancelled(cancels: str, blocks: Blocks) -> None:
    """Its task is gone; a block that goes on to wait for another call waits for that alone, on every run."""
    story = await blocks.run_through(f"{cancels}\nawait send_email('a@b')\nawait send_email('c@d')")
    assert story.pending == [["send_email"], ["send_email"]]
    assert isinstance(story.outcome, BlockCompleted), story.outcome
    first = next(entry for entry in story.outcome.journal.entries if entry.tool == "issue_refund")
    assert (first.withdrawn, first.answer) == (True, None)


async def test_a_cancelled_call_does_not_suspend_a_block_that_sleeps(blocks: Blocks) -> None:
    """There is nothing left to wait for."""
    outcome = await blocks.run(f"{FAILED_TOGETHER}\nawait asyncio.sleep(1)\n'end'")
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == "end"


async def test_a_withdrawn_call_takes_no_answer(blocks: Blocks) -> None:
    """Whoever sends one all the same is told so."""
    first = await blocks.run(f"{FAILED_TOGETHER}\nawait send_email('a@b')")
    assert isinstance(first, BlockSuspended)
    with pytest.raises(ValueError, match="was withdrawn"):
        first.journal.answered(1, ValueAnswer(value="done"), at=LATER)


@pytest.mark.parametrize("end", ["'early'", "finish('early')", "1/0"])
async def test_a_replay_that_ends_before_the_news_diverges(end: str, blocks: Blocks) -> None:
    """The first run waited for a second answer; one that ends after the first has taken another way."""
    gathered = await blocks.run("import asyncio\nawait asyncio.gather(get_order(1), issue_refund(1))")
    assert isinstance(gathered, BlockSuspended)
    journal = gathered.journal.answered(2, ValueAnswer(value="done"), at=LATER)
    code = f"""
        import asyncio
        read, refund = asyncio.create_task(get_order(1)), asyncio.create_task(issue_refund(1))
        await read
        {end}
        """
    outcome = await blocks.run(code, journal=journal)
    assert isinstance(outcome, BlockDiverged), outcome
    assert outcome.expected is not None
    assert outcome.expected.tool == "issue_refund"


async def test_suspensions_are_limited(blocks: Blocks) -> None:
    """A block that would suspend more often than it may ends, and the limit is named."""
    first = await blocks.run("issue_refund(1)\nissue_refund(2)", limits=BlockLimits(suspensions=1))
    assert isinstance(first, BlockSuspended)
    journal = first.journal.answered(1, ValueAnswer(value="ok"), at=LATER)
    second = await blocks.run("issue_refund(1)\nissue_refund(2)", journal=journal, limits=BlockLimits(suspensions=1))
    assert isinstance(second, BlockFailed)
    assert second.limit == "suspensions"


async def test_fifty_journaled_calls_replay(blocks: Blocks) -> None:
    """A long journal replays in order, without asking anyone."""
    code = """
        rows = [get_order(i)['id'] for i in range(50)]
        issue_refund(1)
        sum(rows)
        """
    story = await blocks.run_through(code, deny("no"))
    assert isinstance(story.outcome, BlockFailed)
    assert len(story.desk.asked) == 51
    assert story.outcome.usage.replayed == 51
