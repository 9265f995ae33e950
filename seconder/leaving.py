"""The end of a process that has used Temporal."""

import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End this process with an exit code, now, after its output is flushed.

    The threads of Temporal's core go on while the interpreter takes itself apart, and some of them then touch Python
    objects: about one in ten short runs died of SIGSEGV after its work was done, and its exit code was lost
    (sdk-python 300). Call it last, when everything that was started has been stopped.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Nobody reads it any more.
            continue
    os._exit(code)
