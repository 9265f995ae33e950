"""Attempts to get out of a sandbox, or to get more out of it than a block was given: tables of small programs.

Each is written by somebody who has read our source. `attempt.py` says what a table holds, `planted.py` what there is to
steal or to break, `test_escape.py` one folder up what must have become of each.
"""

from collections.abc import Mapping

from tests.sandbox.escape import (
    bombs,
    environment,
    files,
    floods,
    forgeries,
    introspection,
    network,
    prelude,
    processes,
    replays,
)
from tests.sandbox.escape.attempt import Attempt

ATTEMPTS: Mapping[str, Attempt] = {
    f"{table.__name__.rpartition('.')[2]}: {name}": attempt
    for table in (
        files,
        environment,
        network,
        processes,
        introspection,
        bombs,
        forgeries,
        prelude,
        replays,
        floods,
    )
    for name, attempt in table.ATTEMPTS.items()
}
