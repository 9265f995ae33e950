"""What we put into the guest, rewritten: whoever tampers with it may cheat himself, and nobody else."""

from tests.sandbox.escape.attempt import LIMITS, Attempt, program

ONE = (("issue_refund", {"order_id": 1}),)


def meanwhile(code: str, *ends: str) -> Attempt:
    """Something that calls while the block is suspended: the one call that waits is all that the host hears of."""
    return program(f"{code.strip()}\nissue_refund(1)", *(ends or ("suspended",)), asks=ONE)


def afterwards(code: str) -> Attempt:
    """Something that calls when the block is over: nobody hears it any more."""
    return program(f"{code.strip()}\n'held'", "held")


ATTEMPTS = {
    "an answer for itself": program(
        """
        guest('bridge').bridge.answers[1] = {'kind': 'value', 'value': 'held: forged'}
        issue_refund(1)
        """,
        "held",
    ),
    "a host of its own": program(
        """
        guest('bridge').bridge.exchange = lambda _: (
            '{"now":0,"answers":[{"number":1,"kind":"value","value":"held: forged"}]}')
        issue_refund(1)
        """,
        "held",
    ),
    "no host at all": program("guest('bridge').bridge.exchange = None\nissue_refund(1)", "TypeError"),
    "numbers that jump": program("guest('bridge').bridge.made = 41\nissue_refund(1)", "SandboxViolation"),
    "numbers that go back": program(
        "echo(value=1)\nguest('bridge').bridge.made = 0\nissue_refund(1)",
        "SandboxViolation",
        asks=(("echo", {"value": 1}),),
    ),
    "a call that was not made": program(
        """
        guest('bridge').bridge.unsent.append('{"number":2,"tool":"send_email","arguments":{"to":"mallory"}}')
        issue_refund(1)
        """,
        "SandboxViolation",
    ),
    "a call inside of another's arguments": program(
        """
        guest('bridge').bridge.call('issue_refund',
            '{"order_id":1}},{"number":2,"tool":"send_email","arguments":{"to":"mallory"}')
        """,
        "suspended",
        asks=(*ONE, ("send_email", {"to": "mallory"})),
    ),
    "an end inside of arguments": program(
        """
        guest('bridge').bridge.call('issue_refund',
            '{}}],"op":"finish","result":"paid","calls":[{"number":1,"tool":"x","arguments":{}')
        """,
        "finished",
    ),
    "values that are not checked": program(
        """
        import json
        for name in ('program', 'values'):
            guest(name).json_text = lambda value, *_: json.dumps(value)
        float('nan')
        """,
        "SandboxViolation",
    ),
    "arguments that are not checked": program(
        """
        for name in ('program', 'values'):
            guest(name).json_text = lambda *_: '{"order_id":NaN}'
        issue_refund(1)
        """,
        "SandboxViolation",
    ),
    "a result that is not bounded": program(
        """
        import json
        guest('program').json_text = lambda value, *_: json.dumps(value)
        'x' * 1_000_000
        """,
        "SandboxViolation",
    ),
    "another json": program(
        "import json\njson.dumps = json.loads = lambda *_, **__: 'null'\nissue_refund(1)", "failed"
    ),
    "another asyncio": program(
        """
        import asyncio
        async def main():
            return await issue_refund(1)
        guest('loop').BlockLoop.select = guest('loop')._Quiescence.select = lambda *_: []
        await asyncio.wait_for(main(), 5)
        """,
        "failed",
        limits=LIMITS.model_copy(update={"wall_seconds": 1.0}),
    ),
    "other builtins": program(
        """
        import builtins
        for name in ('isinstance', 'len', 'getattr', 'str', 'type', 'sorted', 'open', 'repr'):
            setattr(builtins, name, lambda *_, **__: True)
        issue_refund(1)
        """,
        "failed",
        "suspended",
        "completed",
        asks=frozenset({"issue_refund"}),
    ),
    "no builtins": program("import builtins\nbuiltins.__dict__.clear()\nissue_refund(1)", "failed"),
    "no modules": program(
        "sys.modules.clear()\nissue_refund(1)", "suspended", "failed", asks=frozenset({"issue_refund"})
    ),
    "no output": program("sys.stdout = sys.stderr = None\nprint('x')\nissue_refund(1)", "suspended", asks=ONE),
    "an output that calls": program(
        """
        class Output:
            def write(self, text):
                send_email(text)
        sys.stdout = Output()
        print('mallory')
        """,
        # A call like any other: a person is asked.
        "suspended",
        asks=(("send_email", {"to": "mallory"}),),
    ),
    "lies about what was kept back": program(
        "guest('output').kept_back = lambda: [10**400, 'x']\nissue_refund(1)", "SandboxViolation"
    ),
    "an unbounded output": program(
        """
        guest('output')._output.head_left = 10**12
        print('x' * 3_000_000)
        'held'
        """,
        "held",
    ),
    "another clock and other dice": program(
        """
        import random, time
        guest('fixed').advance_to(10**30)
        guest('fixed').fix('mine', 0)
        random.seed(1)
        time.time = lambda: 0
        issue_refund(1)
        """,
        "suspended",
        asks=ONE,
    ),
    "another __main__": program(
        "sys.modules['__main__'] = None\nsys.modules['sandbox'] = None\nissue_refund(1)", "suspended", asks=ONE
    ),
    "another result": program("import sys\nsys.modules['__main__'].__dict__['__block_result__'] = 'x'\n'held'", "held"),
    "a finish that returns": program(
        """
        guest('bridge').bridge.finish = lambda value: None
        finish('not checked')
        issue_refund(1)
        """,
        "suspended",
        asks=ONE,
    ),
    "life after finish": program(
        "try:\n    finish('held')\nexcept BaseException:\n    pass\nfinally:\n    issue_refund(1)", "finished"
    ),
    "everything caught": meanwhile(
        """
        def forever():
            while True:
                try:
                    return issue_refund(1)
                except BaseException:
                    send_email('caught')
                finally:
                    send_email('finally')
        forever()
        """.replace("\n        ", "\n")
    ),
    "calls in generators that are closed": program(
        """
        def refunds():
            try:
                yield issue_refund(1)
            finally:
                send_email('closed')
        next(refunds())
        """,
        "suspended",
        asks=ONE,
    ),
    "calls of tasks that are cancelled": program(
        """
        import asyncio
        async def one():
            try:
                await asyncio.shield(issue_refund(1))
            except BaseException:
                await send_email('cancelled')
        task = asyncio.create_task(one())
        await asyncio.sleep(0)
        await asyncio.wait_for(task, 10**6)
        """,
        "suspended",
        asks=ONE,
    ),
    "calls by the loop": program(
        """
        import asyncio
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: asyncio.ensure_future(send_email('handler')))
        loop.call_later(10**6, lambda: asyncio.ensure_future(send_email('later')))
        await issue_refund(1)
        """,
        "suspended",
        asks=ONE,
    ),
    "calls by tracing": meanwhile(
        "sys.settrace(lambda frame, *_: send_email('trace') if frame.f_code.co_name == 'never' else None)"
    ),
    "calls by hooks": meanwhile(
        "sys.excepthook = sys.unraisablehook = sys.breakpointhook = lambda *_: send_email('hook')"
    ),
    "calls at the exit": meanwhile("import atexit\natexit.register(lambda: send_email('exit'))"),
    "calls by a signal": meanwhile(
        "try:\n    import signal\n    signal.signal(signal.SIGTERM, lambda *_: send_email('signal'))\n"
        "except (ImportError, OSError, ValueError):\n    pass"
    ),
    "calls by weak references": meanwhile(
        "import weakref\nclass A:\n    pass\na = A()\nweakref.finalize(a, lambda: send_email('weak'))"
    ),
    "calls at the exit of a block that is over": afterwards(
        "import atexit\natexit.register(lambda: send_email('exit'))"
    ),
    "calls by an object of the prelude that is over": afterwards(
        """
class Late:
    def __del__(self):
        send_email('late')
sys.modules['late'] = Late()
"""
    ),
    "a message after the last": program(
        """
        import json
        last = json.dumps
        def twice(value, **options):
            text = last(value, **options)
            if isinstance(value, dict) and value.get('op') == 'done':
                return '{"op":"calls","calls":[{"number":1,"tool":"issue_refund","arguments":{"order_id":1}}]}'
            return text
        json.dumps = twice
        'held'
        """,
        "suspended",
        asks=ONE,
    ),
    "a call while it is torn down": program(
        "class Late:\n    def __del__(self):\n        send_email('late')\nlate = Late()\n'over'",
        # The block is not over before its names are gone: again a call like any other.
        "suspended",
        "completed",
        asks=frozenset({"send_email"}),
    ),
    "a reply that is too long to read": program(
        "guest('bridge').json.loads = None\nissue_refund(1)", "suspended", asks=ONE
    ),
}
