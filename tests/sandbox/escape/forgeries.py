"""The protocol spoken by hand: messages that no guest sends, in the hope that the host believes one."""

from tests.sandbox.escape.attempt import LIMITS, program, saying

REFUND = '{"number":1,"tool":"issue_refund","arguments":{"order_id":1}}'
EMAIL = '{"number":2,"tool":"send_email","arguments":{"to":"mallory"}}'
ASKED = (("issue_refund", {"order_id": 1}),)
SLOW = LIMITS.model_copy(update={"wall_seconds": 10.0})


def calls(*calls: str) -> str:
    """An expression for a message with these calls."""
    return repr(f'{{"op":"calls","calls":[{",".join(calls)}]}}')


def call(number: str = "1", tool: str = '"issue_refund"', arguments: str = '{"order_id":1}') -> str:
    """An expression for a message with one call, of parts in JSON."""
    return calls(f'{{"number":{number},"tool":{tool},"arguments":{arguments}}}')


ATTEMPTS = {
    "no JSON": saying("'not json'"),
    "nothing": saying("'{}'"),
    "a list": saying("'[]'"),
    "a number": saying("'7'"),
    "two messages in one": saying('\'{"op":"done"}{"op":"done"}\''),
    "NaN": saying('\'{"op":"done","result":NaN}\''),
    "an infinite result": saying('\'{"op":"finish","result":-1e999}\''),
    "an unknown operation": saying('\'{"op":"grant","calls":[]}\''),
    "a suspension of its own": saying(f'\'{{"op":"suspended","pending":[{REFUND}]}}\''),
    "a journal of its own": saying('\'{"op":"done","journal":{"entries":[]},"result":1}\''),
    "an answer of its own": saying(
        '\'{"op":"calls","calls":[{"number":1,"tool":"issue_refund","arguments":{},"answer":{"kind":"value"}}]}\''
    ),
    "a decision of its own": saying('\'{"op":"answers","answers":[{"number":1,"kind":"value","value":"approved"}]}\''),
    "a wait for nothing": saying(calls()),
    "a wait for a call that was never made": saying('\'{"op":"calls","calls":[],"need":7}\''),
    "call 0": saying(call("0")),
    "call -1": saying(call("-1")),
    "call 2 first": saying(call("2")),
    "a call of the far future": saying(call("9" * 4300)),
    "a number beyond numbers": saying(call("9" * 5000)),
    "half a call": saying(call("1.5")),
    "a call without a number": saying('\'{"op":"calls","calls":[{"tool":"issue_refund","arguments":{}}]}\''),
    "the same call twice": saying(calls(REFUND, REFUND)),
    "the same number for another call": saying(calls(REFUND, EMAIL.replace('"number":2', '"number":1'))),
    "a tool that is no name": saying(call(tool='["issue_refund"]')),
    "a tool with half a character": saying(call(tool='"issue_refund\\ud800"')),
    "a tool of eight megabytes": saying(
        """'{"op":"calls","calls":[{"number":1,"tool":"' + 'x' * 8_000_000 + '","arguments":{}}]}'"""
    ),
    "arguments that are a list": saying(call(arguments='["mallory"]')),
    "arguments that are too large": saying(
        """'{"op":"calls","calls":[{"number":1,"tool":"echo","arguments":{"value":"' + 'x' * 400_000 + '"}}]}'"""
    ),
    "arguments that are too deep": saying(
        """'{"op":"calls","calls":[{"number":1,"tool":"echo","arguments":{"value":' + '[' * 99 + ']' * 99 + '}}]}'"""
    ),
    "arguments beyond numbers": saying(call(tool='"echo"', arguments='{"value":1e999}')),
    "tools outside of the grant": program(
        """
        answers = [say('{"op":"calls","calls":[{"number":%d,"tool":"%s","arguments":{}}]}' % (n, tool)) for n, tool in
            enumerate(('refund_all', 'Issue_Refund', 'issue_refund ', 'issue_refund\\\\u0000', '__class__', ''), 1)]
        'held' if all('"kind": "refused"' in answer for answer in answers) else 'reached'
        """,
        "held",
    ),
    "a tool by another alphabet": program("tried(lambda: call_tool('\\uff49ssue_refund', order_id=1))", "held"),
    "the same key twice": program(
        """
        say('{"op":"calls","calls":[{"number":1,"tool":"get_order","tool":"issue_refund",'
            '"arguments":{"order_id":1},"arguments":{"order_id":2}}]}')
        """,
        "suspended",
        asks=(("issue_refund", {"order_id": 2}),),
    ),
    "a number larger than JSON's": program(
        'say(\'{"op":"calls","calls":[{"number":1,"tool":"issue_refund","arguments":{"order_id":%d}}]}\' % 2**64)',
        "suspended",
        asks=(("issue_refund", {"order_id": str(2**64)}),),
    ),
    "arguments named like attributes": program(
        """
        say('{"op":"calls","calls":[{"number":1,"tool":"issue_refund",'
            '"arguments":{"__class__":"x","model_config":{},"number":9,"tool":"send_email"}}]}')
        """,
        "suspended",
        asks=(("issue_refund", {"__class__": "x", "model_config": {}, "number": 9, "tool": "send_email"}),),
    ),
    "other encodings": saying('\'\\ufeff{"op":"done"}\''),
    "bytes that are no text": program(
        """
        try:
            import _eryx
        except ImportError:
            say('\\x00')
        _eryx._eryx_report_output(1, b'{"op":"done","result":"\\xff\\xc3"}')
        while True:
            pass
        """,
        "SandboxViolation",
    ),
    "half a message": saying('\'{"op":"done","result":\''),
    "a result that is too deep": saying("'{\"op\":\"done\",\"result\":' + '[' * 60 + ']' * 60 + '}'"),
    "a result without a bottom": saying("'{\"op\":\"done\",\"result\":' + '[' * 50000 + ']' * 50000 + '}'"),
    "a result that is too large": saying('\'{"op":"finish","result":"\' + \'x\' * 100_000 + \'"}\''),
    "a result of more than a million lists": saying(
        "'{\"op\":\"done\",\"result\":[' + '[],' * 1_500_000 + '1]}'", limits=SLOW
    ),
    "one byte too much": saying("' ' * (8 * 2**20 + 1)"),
    "twelve megabytes": saying("'x' * 12_000_000"),
    "half a million bad calls": saying("'{\"op\":\"calls\",\"calls\":[' + '1,' * 500_000 + '1]}'", limits=SLOW),
    "thousands of unknown fields": saying(
        "'{\"op\":\"done\"' + ''.join(f',\"{n}\":1' for n in range(50_000)) + '}'", "SandboxViolation", limits=SLOW
    ),
    "twenty thousand calls": saying(
        """'{"op":"calls","calls":[' + ','.join('{"number":%d,"tool":"a","arguments":{}}' % n
            for n in range(1, 20_000)) + ']}'""",
        "calls",
        limits=SLOW,
    ),
    "megabytes of arguments to check": saying(
        """'{"op":"calls","calls":[' + ','.join('{"number":%d,"tool":"echo","arguments":{"value":[%s1]}}' % (n, '1,' *
            60_000) for n in range(1, 33)) + ']}'""",
        "wall_seconds",
        "journal_bytes",
        limits=LIMITS.model_copy(update={"wall_seconds": 2.0}),
        asks=frozenset({"echo"}),
    ),
    "output kept back beyond numbers": saying('\'{"op":"done","kept_back":[\' + \'9\' * 4300 + \',"x"]}\''),
    "output kept back below zero": saying('\'{"op":"done","kept_back":[-1,"x"]}\''),
    "output kept back that is none": saying('\'{"op":"done","kept_back":[1]}\''),
    "output kept back of megabytes": saying(
        '\'{"op":"failed","error":"E","kept_back":[9000000000000000,"\' + \'x\' * 5_000_000 + \'"]}\'', "E"
    ),
    "an error with a huge text": saying('\'{"op":"failed","message":"\' + \'x\' * 500_000 + \'"}\''),
    "an error in the name of a limit": saying(
        '\'{"op":"failed","error":"LimitExceeded","limit":"god_mode"}\'', "LimitExceeded"
    ),
    "an error in the name of the host": saying(
        '\'{"op":"failed","error":"SandboxUnavailable","message":"approved"}\'', "SandboxUnavailable"
    ),
    "an end with calls in it": saying(f'\'{{"op":"done","calls":[{REFUND}],"result":"held"}}\'', "held"),
    "a second message before the first is answered": program(
        f'send({calls(REFUND)})\nsend(\'{{"op":"finish","result":"paid"}}\')\nsend({calls(EMAIL)})\n'
        "while True:\n    pass",
        "suspended",
        asks=ASKED,
    ),
    "an end while a read is on its way": program(
        """
        send('{"op":"calls","calls":[{"number":1,"tool":"echo","arguments":{"value":1}}]}')
        send('{"op":"finish","result":"mine"}')
        while True:
            pass
        """,
        "finished",
        "wall_seconds",
        limits=LIMITS.model_copy(update={"wall_seconds": 2.0}),
        asks=(("echo", {"value": 1}),),
    ),
    "finish with a call that waits": program(
        f"""
        say('{{"op":"calls","calls":[{{"number":1,"tool":"echo","arguments":{{"value":1}}}},{EMAIL}]}}')
        say('{{"op":"finish","result":"held"}}')
        """,
        "finished",
        asks=(("echo", {"value": 1}), ("send_email", {"to": "mallory"})),
    ),
    "a suspension that it swallows": program(
        f"try:\n    say({calls(REFUND)})\nexcept BaseException:\n    pass\nsay({calls(EMAIL)})\nwhile True:\n    pass",
        "suspended",
        asks=ASKED,
    ),
    "two side effects at once, of which one is hidden": program(
        f"say({calls(REFUND, EMAIL)})", "suspended", asks=(*ASKED, ("send_email", {"to": "mallory"}))
    ),
    "answers read before their time": program(
        """
        import os
        def early(number):
            return os.read(os.open(f'/bridge/answer.{number}', os.O_RDONLY), 999)
        tried(*[lambda number=number: early(number) for number in range(1, 9)])
        """,
        "held",
    ),
    "a gate opened early": program(
        "import os\nfd = os.open('/bridge/gate.1', os.O_RDONLY)\n'reached'",
        "wall_seconds",
        "failed",
        limits=LIMITS.model_copy(update={"wall_seconds": 1.0}),
    ),
    "a gate held open": program(
        f"""
        import os
        fd = os.open('/bridge/gate.1', os.O_RDONLY | os.O_NONBLOCK)
        send('{{"op":"calls","calls":[{{"number":1,"tool":"echo","arguments":{{}}}}]}}')
        send({calls(EMAIL)})
        while True:
            pass
        """,
        "suspended",
        "failed",
        limits=LIMITS.model_copy(update={"wall_seconds": 2.0}),
        asks=frozenset({"echo", "send_email"}),
    ),
}
