"""Which test runs when and, with `-n`, beside which others.

A file's tests share servers, so a file stays in one process; those on Hyperlight share a machine that takes a while to
boot, across files. (pytest-xdist 3.8 has marks for this, which do nothing under pytest 9.2.)
"""

from typing import Final

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

HYPERLIGHT: Final = "hyperlight"
LONGEST: Final = (HYPERLIGHT, "tests/integration/test_block_kills.py")
"""They begin first, so that none of them is alone at the end."""


class SharedTogether(LoadScopeScheduling):  # type: ignore[misc]
    """Gives whole groups of tests to processes."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """What the tests share which run one after the other in one process."""
    return HYPERLIGHT if needs_hyperlight(nodeid) else nodeid.partition("::")[0]


def needs_hyperlight(nodeid: str) -> bool:
    """Whether a test runs on Hyperlight, which most machines have to emulate: its first parameter says so."""
    parameters = nodeid.partition("[")[2].removesuffix("]")
    return parameters == HYPERLIGHT or parameters.startswith(f"{HYPERLIGHT}-")


def order_of(nodeid: str) -> int:
    """Which tests come first, those with the lowest number; others keep their order."""
    group = group_of(nodeid)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)
