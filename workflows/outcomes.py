"""From what Temporal says of a side effect's activity to an outcome, and from there to what the model is told.

The distinction that matters is between *known not to have happened* and *nobody can know*: whatever is not surely the
first counts as the second.
"""

import json
from collections.abc import Sequence
from typing import Final, assert_never

from pydantic import JsonValue
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.exceptions import TimeoutError as ActivityTimedOut

from seconder.contracts.blocks import BlockReport, SettledCall
from seconder.contracts.calls import Decision, Failed, Outcome, Settlement, Succeeded, ToolReport, Unknown

RESULT_IN_NOTICE_MAX_CHARACTERS: Final = 4_000
VALUE_OF_EFFECT_MAX_CHARACTERS: Final = 1_000
"""Of arguments and of a result, as the model is told of a block's side effects: the code had them whole."""
_NOT_HAPPENED = frozenset({"ToolError", "ToolRefused"})


def outcome_of_failure(error: ActivityError, attempts: int) -> Failed | Unknown:
    """What is known of a side effect whose activity failed; `attempts` is how many it was allowed."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        if cause.type in _NOT_HAPPENED:
            return Failed(error=cause.message)
        return Unknown(error=cause.message)
    if isinstance(cause, ActivityTimedOut):
        if cause.type == TimeoutType.SCHEDULE_TO_START and attempts == 1:
            return Failed(error="No tools worker took the call up in time; it did not run.")
        return Unknown(error="The worker stopped answering or the time ran out while the call was running.")
    return Unknown(error=f"The call ended without an answer: {cause or error}")


def for_notice(report: ToolReport) -> ToolReport:
    """A report with as much of its result as a notice could show: eight whole ones may be too long for a payload."""
    if not isinstance(report.outcome, Succeeded):
        return report
    shown = _shortened(report.outcome.result, RESULT_IN_NOTICE_MAX_CHARACTERS)
    return report.model_copy(update={"outcome": Succeeded(result=shown)})


def told_of_outcome(outcome: Outcome) -> dict[str, JsonValue]:
    """What the model reads of a call that was allowed."""
    match outcome:
        case Succeeded():
            return {"status": "succeeded", "result": outcome.result}
        case Failed():
            return {"status": "failed", "error": outcome.error, "note": "It did not happen."}
        case Unknown():
            return {
                "status": "outcome_unknown",
                "error": outcome.error,
                "note": "It may have happened. Do not repeat the call; tell the requester to check.",
            }
        case _:
            assert_never(outcome)


def told_of(settlement: Settlement) -> dict[str, JsonValue]:
    """What the model reads of one of its own calls."""
    if settlement.report is None:
        return told_of_decision(settlement.decision)
    return told_of_outcome(settlement.report.outcome)


def told_of_block(report: BlockReport, settled: Sequence[SettledCall]) -> dict[str, JsonValue]:
    """What the model reads of a block that ran, with every side effect: a block that fails does not undo them."""
    told: dict[str, JsonValue] = {"status": report.kind}
    if report.kind == "completed":
        told["result"] = report.result
    else:
        told["error"] = report.error
    if report.stdout:
        told["stdout"] = report.stdout
    if report.workspace is not None and report.workspace.left_out:
        told["files_not_kept"] = list(report.workspace.left_out)
    if settled:
        told["side_effects"] = [_told_of_effect(one, whole=report.kind != "completed") for one in settled]
    return told


def _told_of_effect(settled: SettledCall, *, whole: bool) -> dict[str, JsonValue]:
    """One side effect of a block; `whole` where the code did not get to make use of what came out of it.

    Code may swallow a denial or an unknown outcome: what did not succeed is told in full, whatever the code did.
    """
    told = told_of(settled.settlement)
    whole = whole or told["status"] != "succeeded"
    named: dict[str, JsonValue] = {"tool": settled.call.tool, "arguments": dict(settled.call.arguments)}
    effect = named | (told if whole else {"status": told["status"]})
    return {key: _shortened(value, VALUE_OF_EFFECT_MAX_CHARACTERS) for key, value in effect.items()}


def _shortened(value: JsonValue, characters: int) -> JsonValue:
    """The value, or the first so many characters of its JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= characters else f"{text[:characters]}… ({len(text)} characters in all)"


def told_of_decision(decision: Decision) -> dict[str, JsonValue]:
    """What the model reads of a call that was not allowed; an expiry is never called a denial."""
    notes = {
        "denied": "A person decided against this call. Do not try to reach the same end in another way.",
        "expired": "Nobody decided in time; nobody said no. Tell the requester.",
        "cancelled": "The call was taken back before anyone decided.",
    }
    return {"status": decision.kind, "reason": decision.reason, "note": notes.get(decision.kind, "It did not run.")}
