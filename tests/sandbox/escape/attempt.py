"""What an attempt is: a program, and the few ways in which it may end.

Every program finds these names, beside the tools of the block:

    TOKEN_FILE, OUTSIDE, OTHERS, VARIABLE, PORT, UNIX, CANARY, WORKER, HOST, HOME, CHECKOUT    see `planted.py`
    tried(*ways)     calls the ways one after the other; "reached …" for the first that gets through, else "held …"
    must(true)       True, or an error: for a way that gets through only if something is as the attacker wants it
    guest(name)      a module of `sandbox.guest`
    say(message)     speaks to the host in place of the bridge, and returns what the host answers
    send(message)    the same without waiting, where the backend has a way not to
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.protocol import BlockLimits

LIMITS = BlockLimits(wall_seconds=20, cpu_seconds=10, memory_bytes=128 * 2**20)
BRIEF = LIMITS.model_copy(update={"wall_seconds": 1.0})
"""For programs that never end."""
TOOLS = ("get_order", "echo", "issue_refund", "send_email", "find_fault")
SLIPS = frozenset({"SyntaxError", "IndentationError", "NameError", "UnboundLocalError"})
"""Errors of an attempt that is written wrong, and shows nothing."""

PREAMBLE = f"""
import sys
if hasattr(sys, 'used_before'):
    raise NameError('an earlier block has left something')
sys.used_before = True
def tried(*ways):
    for way in ways:
        try:
            return f'reached {{way()!r}}'
        except Exception as error:
            if type(error).__name__ in {sorted(SLIPS)!r}:
                raise
            held = f'held {{type(error).__name__}}: {{error}}'
    return held
def must(true):
    if not true:
        raise AssertionError('not as wanted')
    return True
def port():
    return next(module for name, module in sys.modules.items() if name.endswith('_port'))
def guest(name):
    return sys.modules['sandbox.guest.' + name]
def say(message):
    return port()._exchange(message)
def send(message):
    port()._send(message)
"""


@dataclass(frozen=True)
class Attempt:
    """A program that tries something.

    `ends` names the ways in which it may end: `held` (completed, with a result that says so), `completed`, `finished`,
    `suspended`, `diverged`, `failed` (however, but for slips), the name of an error, or that of a limit. `asks` lists
    the calls, in order, that the host may be asked for, with None for arguments that do not matter; where it is a set,
    the host may be asked for these tools any number of times.

    An attempt that is one expression has it as its `verdict`, to be evaluated after the code: such attempts share a
    guest, a dozen at a time.

    What `natively` is true of gets through where there is no sandbox. With `then`, a block that is suspended is
    approved of and run again with that program in its place; with `resumed`, with the same one. `differs` names the
    difference (see `backends.py`) of backends on which it cannot be tried.
    """

    code: str
    ends: frozenset[str]
    verdict: str = ""
    asks: tuple[tuple[str, Mapping[str, Any] | None], ...] | frozenset[str] = ()
    limits: BlockLimits = LIMITS
    natively: bool = False
    then: str | None = None
    resumed: bool = False
    differs: str = ""


def reaching(*ways: str, first: str = "", natively: bool = True) -> Attempt:
    """An attempt that evaluates expressions, of which none may get through."""
    return Attempt(
        code=textwrap.dedent(first).strip(),
        ends=frozenset({"held"}),
        verdict=f"tried({', '.join(f'lambda: {way}' for way in ways)})",
        natively=natively,
    )


def program(code: str, *ends: str, **more: Any) -> Attempt:
    """An attempt that is a whole program."""
    return Attempt(code=textwrap.dedent(code).strip(), ends=frozenset(ends), **more)


def saying(message: str, *ends: str, **more: Any) -> Attempt:
    """An attempt that sends the host a message, given as an expression, and then waits for ever."""
    return program(f"say({message})\nwhile True:\n    pass", *(ends or ("SandboxViolation",)), **more)
