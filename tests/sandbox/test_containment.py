"""What a hostile block reaches: nothing. Each attempt ends or fails inside its guest, and the next block runs."""

import os
from pathlib import Path

import pytest

from sandbox.protocol import BlockCompleted, BlockFailed, BlockLimits, BlockSuspended
from tests.sandbox.blocks import Blocks, Desk

OVERFLOWS = {
    "__getattr__": """
        class A:
            def __getattr__(self, n):
                return getattr(self, n + 'x')
        A().foo
        """,
    "__eq__": "class A:\n    def __eq__(self, o):\n        return A() == o\nA() == 1",
    "__repr__": "class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())",
    "lru_cache": """
        import functools
        @functools.lru_cache
        def f(n):
            return f(n + 1)
        f(0)
        """,
    "json": "import json\njson.loads('[' * 3000 + ']' * 3000)",
    "parentheses": "eval('(' * 190 + ')' * 190)",
    "pickle": (
        """
            import pickle
            x = []
            for _ in range(20000):
                x = [x]
            import sys
            sys.setrecursionlimit(10**6)
            pickle.loads(pickle.dumps(x))
            """
    ),
    "repr of a deep list": "x = []\nfor _ in range(100000):\n    x = [x]\nrepr(x)",
    "no recursion limit": """
        import sys
        sys.setrecursionlimit(10**9)
        def f():
            return f() + 1
        f()
        """,
}


@pytest.mark.parametrize("attack", OVERFLOWS)
async def test_overflowing_the_stack_ends_the_block_and_nothing_else(attack: str, blocks: Blocks) -> None:
    """A guest whose stack overflows fails as a block; the sandbox goes on at once."""
    outcome = await blocks.run(OVERFLOWS[attack])
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.message
    assert str(Path.cwd()) not in outcome.model_dump_json()
    after = await blocks.run("'still here'")
    assert isinstance(after, BlockCompleted)


EXITS = {
    "os._exit": "import os\nos._exit(0)",
    "os.abort": "import os\nos.abort()",
    "a signal": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "sys.exit with a code": "import sys\nsys.exit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "a base exception of its own": "class Out(BaseException):\n    pass\nraise Out('x')",
}


@pytest.mark.parametrize("way", EXITS)
async def test_leaving_the_interpreter_is_a_failed_block(way: str, blocks: Blocks) -> None:
    """However a block ends its interpreter, the worker gets an outcome."""
    outcome = await blocks.run(EXITS[way])
    assert isinstance(outcome, BlockFailed), outcome


# Each evaluates to something that starts with "reached" only if the attempt got through.
ATTEMPTS = {
    "read /etc/passwd": "'reached ' + open('/etc/passwd').read()",
    "read it by a relative path": "'reached ' + open('../../../../../../etc/passwd').read()",
    "read it from below the library": "'reached ' + open('/python-stdlib/../../../etc/passwd').read()",
    "read it from below the bridge": "'reached ' + open('/bridge/../../../etc/passwd').read()",
    "list the root": "import os\n'reached ' + str(os.listdir('/'))",
    "read the host's processes": "'reached ' + open('/proc/self/environ').read()",
    "write into the library": "open('/python-stdlib/json/__init__.py', 'a').write('#')\n'reached'",
    "write into the bridge": "open('/bridge/answer', 'w').write('x')\n'reached'",
    "make a file in the bridge": "open('/bridge/new', 'w').write('x')\n'reached'",
    "remove the gate": "import os\nos.remove('/bridge/gate')\n'reached'",
    "link out of the bridge": """
        import os
        os.symlink('/etc/passwd', '/bridge/link')
        'reached ' + open('/bridge/link').read()
        """,
    "a variable of the environment": "import os\n'reached ' + os.environ['SECONDER_TEST_SECRET']",
    "a subprocess": "import subprocess\n'reached ' + str(subprocess.run(['id']))",
    "os.system": "import os\n'reached ' + str(os.system('id'))",
    "fork": "import os\n'reached ' + str(os.fork())",
    "a socket to loopback": """
        import socket
        socket.create_connection(('127.0.0.1', 80), 2)
        'reached'
        """,
    "a socket to the metadata service": """
        import socket
        socket.create_connection(('169.254.169.254', 80), 2)
        'reached'
        """,
    "a URL": """
        import urllib.request
        'reached ' + str(urllib.request.urlopen('http://127.0.0.1/', timeout=2))
        """,
    "eryx's own sockets": """
        import _eryx
        r = _eryx._eryx_tcp_connect('127.0.0.1', 80)
        assert r[0] == 0, r
        'reached'
        """,
    "ctypes": "import ctypes\n'reached ' + str(ctypes.CDLL(None))",
    "a thread": """
        import threading
        t = threading.Thread(target=print)
        t.start()
        'reached'
        """,
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_nothing_of_the_host_is_in_reach(attempt: str, blocks: Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, environment, processes and network of the host are not visible from a block."""
    monkeypatch.setitem(os.environ, "SECONDER_TEST_SECRET", "do not tell")
    outcome = await blocks.run(ATTEMPTS[attempt], limits=BlockLimits(wall_seconds=10))
    assert isinstance(outcome, BlockFailed), outcome
    assert "do not tell" not in outcome.model_dump_json()


async def test_the_guest_sees_no_variable_and_no_path_of_the_host(blocks: Blocks) -> None:
    """The guest's environment and paths name nothing of this machine."""
    outcome = await blocks.run(
        """
            import os, sys
            [dict(os.environ), os.getcwd(), sys.path, sys.argv, sys.executable, sys.prefix]
            """
    )
    assert isinstance(outcome, BlockCompleted), outcome
    for part in (str(Path.cwd()), str(Path.home()), "seconder-"):
        assert part not in str(outcome.result)


REQUEST = '{"op":"calls","calls":[{"number":1,"tool":"issue_refund","arguments":{"order_id":1}}],"need":1}'
FORGERIES = {
    "an answer for itself": (
        """
            import sys
            bridge = sys.modules['sandbox.guest.bridge'].bridge
            bridge.answers[1] = dict(kind='value', value='forged')
            issue_refund(1)
            """
    ),
    "a suspension that it swallows": (
        """
            import sys
            bridge = sys.modules['sandbox.guest.bridge'].bridge
            send = sys.modules['sandbox.guest.{port}']._send
            send('''{request}''')
            while True:
                pass
            """
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_forging_answers_runs_no_side_effect(forgery: str, blocks: Blocks) -> None:
    """A block that rewrites the bridge cheats itself only: the host asks for nothing that was not decided."""
    desk = Desk()
    code = FORGERIES[forgery].format(port=blocks.port, request=REQUEST)
    outcome = await blocks.run(code, desk=desk, limits=BlockLimits(wall_seconds=5))
    assert isinstance(outcome, BlockCompleted | BlockSuspended | BlockFailed)
    assert [call.tool for call in desk.asked] in ([], ["issue_refund"])
    assert all(entry.answer is None for entry in outcome.journal.entries)


NOISE = {
    "no JSON": "'not json'",
    "a list": "'[]'",
    "NaN": '\'{"op":"done","result":NaN}\'',
    "an unknown operation": '\'{"op":"grant"}\'',
    "a call out of order": '\'{"op":"calls","calls":[{"number":7,"tool":"echo","arguments":{}}]}\'',
    "a wait for nothing": '\'{"op":"calls","calls":[]}\'',
    "an infinite number": '\'{"op":"calls","calls":[{"number":1,"tool":"echo","arguments":{"value":1e999}}]}\'',
    "deep nesting": "'{\"op\":\"done\",\"result\":' + '[' * 50000 + ']' * 50000 + '}'",
    "a huge message": "'x' * 20_000_000",
}


@pytest.mark.parametrize("noise", NOISE)
async def test_a_guest_that_speaks_out_of_turn_is_ended(noise: str, blocks: Blocks) -> None:
    """Anything but a well-formed message ends the block, and only the block."""
    code = f"import sys\nsys.modules['sandbox.guest.{blocks.port}']._send({NOISE[noise]})\nwhile True:\n    pass"
    outcome = await blocks.run(code, limits=BlockLimits(wall_seconds=15))
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.error == "SandboxViolation"
