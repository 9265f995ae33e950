"""What a session believes of a code worker, which holds no right to any side effect and may be out of order."""

from collections.abc import Sequence
from typing import Final

from seconder.canonical import canonical_json
from seconder.contracts.blocks import BlockReport, BlockRun, SettledCall
from seconder.contracts.calls import ARGUMENTS_MAX_BYTES
from seconder.contracts.workspaces import WorkspaceChanges
from seconder.errors import ContractError

WAITING_MAX: Final = 256
WAITING_MAX_BYTES: Final = 500_000
"""What may wait for people at once: it is asked for in one message, and Temporal ends a session over one of 4 MiB."""
SIDE_EFFECTS_MAX: Final = 1_000
"""Of one block: each takes some ten events, and Temporal ends a session after 51,200, which no block may divide."""


def doubts_about_calls(run: BlockRun, report: BlockReport, settled: Sequence[SettledCall], suspensions: int) -> str:
    """Why the calls of a suspended block are not to be put to people; empty when they are.

    They may be more than a session can hold, or not the block's to make.
    """
    acting = {spec.name for spec in run.grant if spec.effect.side_effecting}
    numbers = [one.number for one in settled] + [pending.number for pending in report.pending]
    if report.journal is None or not report.pending:
        return "The code worker says that the block waits, and not for what."
    if len(report.pending) > run.settings.calls or len(numbers) != len(set(numbers)):
        return "The code worker asks again for calls that were settled."
    if strange := sorted({pending.tool for pending in report.pending} - acting):
        return f"The code worker asks for calls that the block may not make: {', '.join(strange)[:200]}."
    size = sum(len(pending.model_dump_json().encode()) for pending in report.pending)
    if len(report.pending) > WAITING_MAX or size > WAITING_MAX_BYTES:
        return (
            f"LimitExceeded: {len(report.pending)} calls of {size:,} bytes would wait for people at once; at most "
            f"{WAITING_MAX} of {WAITING_MAX_BYTES:,} bytes may. None of them was made: gather fewer at a time."
        )
    if len(numbers) > SIDE_EFFECTS_MAX:
        return f"LimitExceeded: a block makes at most {SIDE_EFFECTS_MAX:,} calls with side effects; divide the work."
    if suspensions > run.settings.suspensions:
        return f"LimitExceeded: the block went beyond its limit suspensions={run.settings.suspensions}."
    if max(pending.number for pending in report.pending) > run.settings.calls:
        return f"LimitExceeded: the block went beyond its limit calls={run.settings.calls:,}."
    for pending in report.pending:
        try:
            size = len(canonical_json(pending.arguments))
        except ContractError as error:
            return f"The code worker asks for a call of {pending.tool} that nobody could approve: {error}"
        if size > ARGUMENTS_MAX_BYTES:
            return f"The code worker asks for a call of {pending.tool} with more than any arguments may hold."
    return ""


def doubts_about_files(run: BlockRun, changes: WorkspaceChanges) -> str:
    """Why the files of a block do not become the session's; empty when they do."""
    if not set(changes.removed) <= run.workspace.keys() or len(changes.changed) > run.settings.workspace_files:
        return "The code worker says that the block changed other files than it had, or more."
    return ""
