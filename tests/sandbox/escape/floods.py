"""Output without an end, at every place where something may be written."""

from tests.sandbox.escape.attempt import BRIEF, LIMITS, program

SOME = LIMITS.model_copy(update={"stdout_bytes": 4096})
SHORT = BRIEF.model_copy(update={"stdout_bytes": 4096})
IN_TIME = ("wall_seconds", "cpu_seconds", "memory_bytes", "SandboxViolation", "SandboxCrashed", "SandboxExited")

ATTEMPTS = {
    "a hundred megabytes without a line": program(
        "print('x' * 30_000_000)\n'held'", "held", "memory_bytes", limits=SOME
    ),
    "a million prints": program(
        "for n in range(10**6):\n    print(n)\n'held'",
        "held",
        "cpu_seconds",
        "wall_seconds",
        limits=SOME.model_copy(update={"cpu_seconds": 2.0}),
    ),
    "printing for ever": program("while True:\n    print('x' * 1000)", *IN_TIME, limits=SHORT),
    "both streams": program(
        "for n in range(5000):\n    print('out', end='')\n    print('err', file=sys.stderr)\n'held'",
        "held",
        limits=SOME,
    ),
    "bytes that are no text": program(
        "for _ in range(99):\n    sys.stdout.buffer.write(b'\\xff\\xfe\\x80' * 1000)\n'held'", "held", limits=SOME
    ),
    "half characters": program("print('\\ud800' * 100_000)\n'held'", "held", limits=SOME),
    "control characters": program(
        "print('\\x1b]0;owned\\x07\\x1b[2J\\x1b[31m\\r\\b\\x00' * 1000)\n'held'", "held", limits=SOME
    ),
    "the original streams": program(
        """
        for stream in (sys.__stdout__, sys.__stderr__):
            tried(lambda: stream.write('FLOOD' * 2000), lambda: stream.flush())
        'held'
        """,
        "held",
        "failed",
        limits=SOME,
    ),
    "the system's own descriptors": program(
        """
        import os
        for fd in (0, 1, 2, 3, 4, 5, 6, 7):
            tried(lambda: os.write(fd, b'FLOOD' * 2000))
        'held'
        """,
        "held",
        "failed",
        limits=SOME,
    ),
    "messages through the system's descriptors": program(
        """
        import os
        for fd in range(3):
            tried(lambda: os.write(fd, b'm\\0\\0\\0\\x1e{"op":"finish","result":"mine"}'))
        'held'
        """,
        "held",
        "failed",
    ),
    "past the prelude": program("while True:\n    port()._write(b'z' * 8000)", *IN_TIME, limits=SHORT),
    "past the prelude in crumbs": program("while True:\n    port()._write(b'z')", *IN_TIME, limits=SHORT),
    "past the prelude with nothing": program("while True:\n    port()._write(b'')", *IN_TIME, limits=SHORT),
    "nine megabytes at once": program("port()._write(b'z' * 9_000_000)\n'held'", "held", *IN_TIME, limits=SOME),
    "messages without an end": program(
        'while True:\n    send(\'{"op":"calls","calls":[{"number":1,"tool":"echo","arguments":{}}]}\')',
        *IN_TIME,
        limits=SHORT,
        asks=(("echo", {}),),
    ),
    "large messages without an end": program("while True:\n    send(' ' * 1_000_000)", *IN_TIME, limits=SHORT),
    "traces without an end": program(
        """
        try:
            import _eryx
        except ImportError:
            _eryx = None
        while True:
            _eryx._eryx_report_trace(1, '{}', 'x' * 100_000)
        """,
        *IN_TIME,
        "AttributeError",
        limits=SHORT,
    ),
    "warnings": program(
        "import warnings\nfor n in range(2000):\n    warnings.warn(f'{n} ' + 'x' * 500)\n'held'", "held", limits=SOME
    ),
    "a log": program(
        "import logging\nfor n in range(2000):\n    logging.error('x' * 500)\n'held'",
        "held",
        "ImportError",
        "ModuleNotFoundError",
        limits=SOME,
    ),
    "a traceback of megabytes": program(
        "exec(compile('\\n' * 9 + 'def f(n):\\n  ' + 'x' * 10_000 + ' = f(n + 1)\\nf(0)', 'block', 'exec'))",
        "failed",
        limits=SOME,
    ),
    "an object that prints while it is told of": program(
        "class E(Exception):\n    def __str__(self):\n        print('x' * 9999)\n        return 'y' * 9999\nraise E",
        "E",
        limits=SOME,
    ),
    "an end in the middle of a flood": program(
        """
        send('{"op":"finish","result":"held"}')
        for _ in range(3000):
            port()._write(b'z' * 100_000)
        """,
        "finished",
        limits=SOME,
    ),
    "output up to the brim and an end": program("print('x' * 4095)\n'held'", "held", limits=SOME),
}
