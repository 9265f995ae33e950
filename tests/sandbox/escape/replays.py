"""Blocks that do one thing while a person looks, and another when they are run again."""

import textwrap

from tests.sandbox.escape.attempt import Attempt, program

ASKED = (("issue_refund", {"order_id": 1}),)
REFUND = '{"number":1,"tool":"issue_refund","arguments":{"order_id":1}}'
EMAIL = '{"number":2,"tool":"send_email","arguments":{"to":"mallory"}}'


def then(second: str, *ends: str, first: str = "issue_refund(1)") -> Attempt:
    """A refund that is approved, and what the guest does in its place when it is run again."""
    return program(first, *(ends or ("diverged",)), asks=ASKED, then=second)


def said(*calls: str) -> str:
    return f'say(\'{{"op":"calls","calls":[{",".join(calls)}]}}\')'


def both_ways(first: str, differs: str = "") -> Attempt:
    """A refund of an amount that the block takes from where runs may differ."""
    return program(
        f"{textwrap.dedent(first).strip()}\nissue_refund(1, amount=str(amount))",
        "diverged",
        "completed",
        asks=(("issue_refund", None),),
        resumed=True,
        differs=differs,
    )


ATTEMPTS = {
    "another order": then("issue_refund(2)"),
    "another tool": then("send_email('mallory')"),
    "a further argument": then("issue_refund(1, amount='999.00')"),
    "a number of another kind": then("issue_refund(1.0)"),
    "true for one": then("issue_refund(True)"),
    "nothing": then("'paid'"),
    "an end at once": then("finish('paid')"),
    "an end by hand": then('say(\'{"op":"done","result":"paid"}\')'),
    "an error": then("raise ValueError('paid')"),
    "a further call before the answer": then(said(REFUND, EMAIL)),
    "a further read before the answer": then(
        said('{"number":1,"tool":"get_order","arguments":{"order_id":1}}', REFUND.replace('"number":1', '"number":2'))
    ),
    "the same call twice": then(said(REFUND, REFUND), "SandboxViolation"),
    "a call behind the recorded one": then(said(EMAIL), "SandboxViolation"),
    "arguments that are another's in Python only": then(
        said('{"number":1,"tool":"issue_refund","arguments":{"order_id":1.0}}')
    ),
    "a call outside of the grant": then(said('{"number":1,"tool":"refund_all","arguments":{"order_id":1}}')),
    "a wait without the call": then('say(\'{"op":"calls","calls":[]}\')'),
    "an answer of its own": then(
        "guest('bridge').bridge.answers[1] = {'kind': 'value', 'value': 'more'}\nissue_refund(1)", "diverged"
    ),
    "the recorded call, and then the same once more": program(
        "issue_refund(1)\n'held'",
        # What follows the answer is new, and waits for a decision of its own.
        "suspended",
        "held",
        asks=(*ASKED, *ASKED),
        then="issue_refund(1)\nissue_refund(1)\n'held'",
    ),
    "a counter in the workspace": program(
        """
        import os
        count = int(open('count').read()) if os.path.exists('count') else 0
        open('count', 'w').write(str(count + 1))
        issue_refund(count + 1)
        'held' if count == 0 else 'reached'
        """,
        "held",
        "failed",
        asks=ASKED,
        resumed=True,
        differs="no_files",
    ),
    "a counter in /tmp": program(
        """
        import os
        count = int(open('/tmp/count').read()) if os.path.exists('/tmp/count') else 0
        open('/tmp/count', 'w').write(str(count + 1))
        issue_refund(count + 1)
        'held' if count == 0 else 'reached'
        """,
        "held",
        "failed",
        asks=ASKED,
        resumed=True,
        differs="no_files",
    ),
    "a counter in the library": program(
        """
        def count():
            with open('/python-stdlib/count', 'a+') as file:
                file.write('x')
                return file.tell()
        tried(count)
        issue_refund(1)
        'held' if tried(count).startswith('held') else 'reached'
        """,
        "held",
        asks=ASKED,
        resumed=True,
    ),
    "what the opening tells of earlier runs": program(
        """
        import os
        def told(number):
            return os.read(os.open(f'/bridge/answer.{number}', os.O_RDONLY), 99999)
        seen = 'issue_refund 1 do' + 'ne' in tried(lambda: told(0)) or tried(lambda: told(1)).startswith('reached')
        issue_refund(2 if seen else 1)
        'held'
        """,
        "held",
        asks=ASKED,
        resumed=True,
    ),
    "addresses": both_ways("amount = id(object())"),
    "hashes and sets": both_ways(
        "amount = [hash(object()), hash('x'), list({str(n) for n in range(50)}), [type(x) for x in {object(), print}]]"
    ),
    "times of files": both_ways(
        "import os\nopen('x', 'w').close()\namount = os.stat('x').st_mtime_ns", differs="no_files"
    ),
    "numbers of files": both_ways(
        "import os\nopen('x', 'w').close()\namount = os.stat('x').st_ino", differs="no_files"
    ),
    "clocks and dice": both_ways(
        """
        import random, time
        amount = [random.random(), random.SystemRandom().random(), random.Random().random(), time.time(),
            time.perf_counter_ns(), time.localtime(), tried(lambda: time.clock_gettime(0))]
        """
    ),
    "the size of the machine": both_ways(
        "import os\namount = [tried(os.cpu_count), tried(lambda: os.sysconf('SC_PAGE_SIZE')), len(os.environ)]"
    ),
}
