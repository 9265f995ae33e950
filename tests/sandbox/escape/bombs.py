"""Too much: of memory, time, depth, calls and files; and objects that lie about how much they are."""

from tests.sandbox.escape.attempt import BRIEF, LIMITS, Attempt, program

# Want of memory is seen by the block, ends its interpreter, or is seen by the host, as it happens to be noticed.
MEMORY = ("MemoryError", "memory_bytes", "OverflowError", "wall_seconds", "cpu_seconds", "SandboxCrashed")
ENDLESS = {"limits": BRIEF}
SHARED = "x = []\nfor _ in range(45):\n    x = [x, x]\n"
TOO_LARGE = ("result_bytes", "argument_bytes", "ValueError", "cpu_seconds", "wall_seconds")


def overflow(code: str) -> Attempt:
    """Recursion that no counter of Python's sees."""
    return program(code, "failed", limits=LIMITS)


def lie(methods: str, base: str = "dict") -> Attempt:
    """A result whose own methods answer for it."""
    code = f"import collections.abc\nclass Lie({base}):\n    {methods}\nLie()"
    return program(code, "failed", "completed", limits=LIMITS.model_copy(update={"wall_seconds": 3.0}))


ATTEMPTS = {
    "__getattr__ without an end": overflow(
        "class A:\n    def __getattr__(self, n):\n        return getattr(self, n + 'x')\nA().foo"
    ),
    "__eq__ without an end": overflow("class A:\n    def __eq__(self, o):\n        return A() == o\nA() == 1"),
    "__repr__ without an end": overflow("class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())"),
    "lru_cache without an end": overflow(
        "import functools\n@functools.lru_cache\ndef f(n):\n    return f(n + 1)\nf(0)"
    ),
    "deep JSON": overflow("import json\njson.loads('[' * 3000 + ']' * 3000)"),
    "parentheses": overflow("eval('(' * 190 + ')' * 190)"),
    "signs": overflow("eval('-' * 100000 + '1')"),
    "attributes of attributes": overflow("eval('x' + '.x' * 100000)"),
    "a deep pickle": overflow(
        """
        import pickle
        x = []
        for _ in range(20000):
            x = [x]
        sys.setrecursionlimit(10**6)
        pickle.loads(pickle.dumps(x))
        """
    ),
    "repr of a deep list": overflow("x = []\nfor _ in range(100000):\n    x = [x]\nrepr(x)"),
    "no recursion limit": overflow("sys.setrecursionlimit(10**9)\ndef f():\n    return f() + 1\nf()"),
    "a deep list that is thrown away": program(
        "x = []\nfor _ in range(10**6):\n    x = [x]\ndel x\n'held'", "held", *MEMORY
    ),
    "a deep chain of generators": overflow(
        "def chain(n):\n    yield from chain(n + 1)\nsys.setrecursionlimit(10**9)\nnext(chain(0))"
    ),
    "a terabyte of text": program("'x' * 10**12", *MEMORY),
    "a list that doubles": program("x = [0] * 1000\nwhile True:\n    x = x + x", *MEMORY),
    "many small objects": program("x = []\nwhile True:\n    x.append([{}] * 9)", *MEMORY),
    "a width of a gigabyte": program("f'{1:>1000000000}'", *MEMORY),
    "a gigabyte from a kilobyte": program(
        """
        import zlib
        packer, packed = zlib.compressobj(9), b''
        for _ in range(512):
            packed += packer.compress(bytes(2**20))
        packed += packer.flush()
        len(zlib.decompress(packed))
        """,
        *MEMORY,
        "ImportError",
        "ModuleNotFoundError",
    ),
    "a billion laughs": program(
        """
        import xml.etree.ElementTree as tree
        names = 'abcdefghij'
        declared = '<!ENTITY a "lol">' + ''.join(
            f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip(names, names[1:]))
        tree.fromstring(f'<!DOCTYPE x [{declared}]><x>&j;</x>')
        """,
        "ParseError",
        "ImportError",
        "ModuleNotFoundError",
        *MEMORY,
    ),
    "a huge number": program("10**10**8", "wall_seconds", "cpu_seconds", *MEMORY, **ENDLESS),
    "a huge number as text": program(
        "sys.set_int_max_str_digits(0)\nstr(7**10**7)", "wall_seconds", "cpu_seconds", *MEMORY, **ENDLESS
    ),
    "a pattern that backtracks": program(
        "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", "wall_seconds", "cpu_seconds", **ENDLESS
    ),
    "a sum without an end": program("sum(iter(int, 1))", "wall_seconds", "cpu_seconds", **ENDLESS),
    "spinning against the clock": program(
        "import time\nwhile time.time() < 10**10:\n    pass", "wall_seconds", "cpu_seconds", **ENDLESS
    ),
    "a signal against the time limit": program(
        """
        import signal
        for n in range(1, 65):
            tried(lambda: signal.signal(n, lambda *_: None))
        while True:
            pass
        """,
        "wall_seconds",
        "cpu_seconds",
        "ImportError",
        "ModuleNotFoundError",
        **ENDLESS,
    ),
    "sleeping for a century": program("import time\ntime.sleep(3 * 10**9)\n'held'", "held"),
    "tasks that never rest": program(
        "import asyncio\nwhile True:\n    await asyncio.sleep(0)", "wall_seconds", "cpu_seconds", "failed", **ENDLESS
    ),
    "collisions of hashes": program(
        "{n * (2**61 - 1): n for n in range(200000)}\n{n * (2**31 - 1): n for n in range(200000)}",
        "failed",
        limits=BRIEF,
    ),
    "a result that holds itself": program("x = []\nx.append(x)\nx", "ValueError"),
    "a result of shared references": program(f"{SHARED}x", *TOO_LARGE),
    "shared references in keys": program(
        "x = ()\nfor _ in range(30):\n    x = (x, x)\ntry:\n    {x: 1}\nexcept BaseException:\n    pass\n[x] * 9",
        *TOO_LARGE,
    ),
    "arguments of shared references": program(
        f"{SHARED}echo(value=x)", *TOO_LARGE, limits=LIMITS.model_copy(update={"argument_bytes": 20_000})
    ),
    "a final value of shared references": program(f"{SHARED}finish(x)", *TOO_LARGE),
    "an error of shared references": program(
        f"{SHARED}raise ValueError(x)", "failed", limits=LIMITS.model_copy(update={"wall_seconds": 2.0})
    ),
    "an error whose text never ends": program(
        "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E",
        "wall_seconds",
        "cpu_seconds",
        **ENDLESS,
    ),
    "an error whose text is an error": program(
        "class E(Exception):\n    def __str__(self):\n        raise self\n    __repr__ = __str__\nraise E", "failed"
    ),
    "an error with a huge text": program("raise ValueError('x' * 20_000_000)", "ValueError"),
    "an error with half a character": program("raise ValueError('half \\ud800')", "ValueError"),
    "an error with a huge name": program("raise type('E' * 100_000, (Exception,), {})('x')", "failed"),
    "ten thousand linked errors": program(
        """
        error = None
        for n in range(10000):
            try:
                raise ValueError(n) from error
            except ValueError as caught:
                error = caught
        raise error
        """,
        "failed",
    ),
    "errors in a ring": program(
        "a, b = ValueError(1), ValueError(2)\na.__cause__, b.__cause__ = b, a\nraise a", "ValueError"
    ),
    "a group of groups": program(
        "g = ValueError(1)\nfor _ in range(500):\n    g = ExceptionGroup('x' * 99, [g, g, g])\nraise g", "failed"
    ),
    "a mapping without an end": lie(
        "def __len__(self): return 1\n    def items(self): return iter(lambda: (object(), 1), 0)"
    ),
    "a mapping that grows while it is read": lie(
        "def items(self):\n        n = 0\n        while True:\n            n += 1\n            yield str(n), self"
    ),
    "a text that is another": lie("def __str__(self): return 'x' * 10**7\n    __len__ = lambda self: 1", "str"),
    "a number that is another": lie("def __int__(self): return 10**10**6\n    bit_length = lambda self: 1", "int"),
    "a model that dumps itself": lie("def model_dump(self): return Lie()", "object"),
    "a dictionary with a million keys": program("{str(n): n for n in range(1_000_000)}", *TOO_LARGE, *MEMORY),
    "too many calls": program(
        "while True:\n    echo(value=1)",
        "calls",
        limits=LIMITS.model_copy(update={"calls": 20}),
        asks=(("echo", {"value": 1}),) * 20,
    ),
    "too many calls at once": program(
        "import asyncio\nawait asyncio.gather(*[issue_refund(n) for n in range(501)])", "calls"
    ),
    "too many suspensions": program(
        "while True:\n    issue_refund(1)",
        "suspensions",
        limits=LIMITS.model_copy(update={"suspensions": 2}),
        asks=(("issue_refund", {"order_id": 1}),) * 3,
        resumed=True,
    ),
    "too long a journal": program(
        "while True:\n    echo(value='x' * 10_000)",
        "journal_bytes",
        limits=LIMITS.model_copy(update={"journal_bytes": 100_000}),
        asks=frozenset({"echo"}),
    ),
    "too many open files": program(
        """
        import os
        def everything():
            while True:
                os.open('x', os.O_CREAT | os.O_RDWR)
        held = tried(everything)
        try:
            echo(value=1)
        except OSError:
            pass
        'held'
        """,
        "held",
        "failed",
        asks=frozenset({"echo"}),
    ),
    "too much code": program("#" * 40_000, "code_bytes"),
    "code that takes for ever to compile": program(
        "eval('+'.join(['(lambda: 1)()'] * 50_000))", "failed", "completed", limits=BRIEF
    ),
    "garbage that collects for ever": program(
        """
        import gc
        gc.callbacks.append(lambda *_: [object() for _ in range(10)] and gc.collect())
        gc.set_threshold(1)
        x = [[] for _ in range(100000)]
        """,
        "failed",
        "completed",
        limits=BRIEF,
    ),
}
