"""What a session has done so far: the conversation with the model, the transcript for people, receipts and usage.

All of it travels through a continue-as-new in one payload, and much of it through every query: so each part has its
bound. The transcript forgets its oldest entries; the conversation and the receipts end the session; a block whose files
would be too many or too large keeps none of them.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from pydantic import JsonValue
from temporalio import workflow

from seconder import names
from seconder.contracts.base import Contract
from seconder.contracts.block_settings import BlockLimits
from seconder.contracts.blocks import BlockReport
from seconder.contracts.calls import Call, Decision, Receipt, Settlement, Succeeded, ToolReport, outcome_digest
from seconder.contracts.model import ModelTurn, RefusedCall
from seconder.contracts.session import Entry, EntryKind, Message, SessionCarry, Usage
from seconder.contracts.workspaces import WorkspaceChanges, entries_in, with_changes

CONVERSATION_MAX_BYTES: Final = 1_000_000
"""It goes to the model whole at each turn."""
RECEIPTS_MAX_BYTES: Final = 400_000
TRANSCRIPT_MAX_BYTES: Final = 400_000
ENTRY_MAX_CHARACTERS: Final = 1_000


class SessionRecord:
    """The growing part of a session's state."""

    def __init__(self, carried: SessionCarry) -> None:
        self.definition = carried.definition
        self.started_at = carried.started_at
        self.items: list[dict[str, Any]] = list(carried.items)
        self.transcript: list[Entry] = list(carried.transcript)
        self.receipts: list[Receipt] = list(carried.receipts)
        self.usage = carried.usage
        self.turn = carried.turn
        self.corrections = carried.corrections
        self.workspace = dict(carried.workspace)
        self._requests = carried.requests
        self._calls = carried.calls
        self._conversation_bytes = sum(map(_size, self.items))
        self._receipt_bytes = sum(map(_size_of_contract, self.receipts))
        self._transcript_bytes = sum(map(_size_of_contract, self.transcript))

    def carry(self, messages: Sequence[Message]) -> SessionCarry:
        """Everything, and the messages not yet taken in, for the next run of this session."""
        return SessionCarry(
            definition=self.definition,
            started_at=self.started_at,
            items=tuple(self.items),
            transcript=tuple(self.transcript),
            receipts=tuple(self.receipts),
            usage=self.usage,
            turn=self.turn,
            requests=self._requests,
            calls=self._calls,
            corrections=self.corrections,
            messages=tuple(messages),
            workspace=self.workspace,
        )

    @property
    def full(self) -> str:
        """What there is no more room for, as a limit that was reached; empty while there is."""
        if self._conversation_bytes > CONVERSATION_MAX_BYTES:
            return f"conversation: it is longer than {CONVERSATION_MAX_BYTES} bytes"
        if self._receipt_bytes > RECEIPTS_MAX_BYTES:
            return f"receipts: those of {len(self.receipts)} calls are longer than {RECEIPTS_MAX_BYTES} bytes"
        return ""

    def next_request(self) -> int:
        """The number of the next request for approval."""
        self._requests += 1
        return self._requests

    def next_call_id(self) -> str:
        """An id that no other call has, in this session or in another one under the same session id."""
        self._calls += 1
        return names.call_id(self._calls, workflow.info().run_id)

    def said_by_user(self, kind: Literal["task", "message"], text: str, sender: str) -> None:
        """A task or a message: for the model and for the transcript."""
        self._add_item({"role": "user", "content": text})
        self._note(kind, text, detail={"sender": sender})

    def corrected(self, text: str) -> None:
        """What the model is told of an answer that cannot be accepted."""
        self.corrections += 1
        self._add_item({"role": "user", "content": text})
        self._note("error", text)

    def answered_by_model(self, turn: ModelTurn) -> None:
        """A response: its items are carried as they came, reasoning included."""
        self.turn += 1
        self.usage = self.usage.plus(turn.usage)
        for item in turn.items:
            self._add_item(item)
        detail: dict[str, JsonValue] = {
            "model": turn.model,
            "response_id": turn.response_id,
            "input_tokens": turn.usage.input_tokens,
            "output_tokens": turn.usage.output_tokens,
            "calls": [call.name for call in turn.calls],
        }
        asked = ", ".join(call.name for call in turn.calls)
        self._note("model", turn.refusal or turn.text or f"calls {asked}", detail=detail)

    def told_model(self, model_call_id: str, told: dict[str, JsonValue]) -> None:
        """The output of one of the model's calls."""
        output = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        self._add_item({"type": "function_call_output", "call_id": model_call_id, "output": output})

    def refused_call(self, refused: RefusedCall) -> None:
        """A call that went back to the model before anyone was asked."""
        self._note("refused_call", refused.error, detail={"tool": refused.name})

    def called(self, call: Call) -> None:
        """A call that was checked and goes on to its approval."""
        detail: dict[str, JsonValue] = {"tool": call.tool, "digest": call.digest, "effect": call.effect.value}
        if call.is_block:
            self._note("call", str(call.arguments.get("code", "")), call.call_id, detail)
        else:
            self._note("call", json.dumps(call.arguments, ensure_ascii=False), call.call_id, detail)

    def decided(self, call: Call, decision: Decision) -> None:
        """What was decided about a call, and by whom."""
        detail: dict[str, JsonValue] = {
            "kind": decision.kind,
            "digest": decision.digest,
            "reviewers": [review.reviewer.user_id for review in decision.reviews],
        }
        self._note("decision", decision.reason or decision.kind, call.call_id, detail)

    def ran(self, call: Call, report: ToolReport) -> None:
        """What came out of a side effect."""
        self.usage = self.usage.plus(Usage(tool_calls=1))
        outcome = report.outcome
        text = json.dumps(outcome.result, ensure_ascii=False) if isinstance(outcome, Succeeded) else outcome.error
        detail: dict[str, JsonValue] = {"outcome": outcome.kind, "worker": report.worker, "attempt": report.attempt}
        self._note("outcome", text, call.call_id, detail)

    def keep_files(self, changes: WorkspaceChanges, limits: BlockLimits) -> str:
        """Make a block's changes the session's; gives the limit that they break together with those of other blocks."""
        files = with_changes(self.workspace, changes)
        if entries_in(files) > limits.workspace_files:
            return f"workspace_files={limits.workspace_files:,}"
        if sum(file.size for file in files.values()) > limits.workspace_bytes:
            return f"workspace_bytes={limits.workspace_bytes:,}"
        self.workspace = files
        return ""

    def block_suspended(self, call: Call, report: BlockReport) -> None:
        """That a block waits for people, and what for."""
        waits = _counted(pending.tool for pending in report.pending)
        detail: dict[str, JsonValue] = {"kind": report.kind, "sandbox": report.sandbox, "waits_for": waits}
        self._note("block", f"Calls that wait to be decided: {len(report.pending)}.", call.call_id, detail)

    def block_ran(self, call: Call, report: BlockReport) -> None:
        """What came out of a block, with the reads that it made; its side effects are recorded as calls."""
        acting = {spec.name for spec in self.definition.side_effects()}
        reads = [made for made in report.calls if made.tool not in acting]
        self.usage = self.usage.plus(Usage(blocks=1, tool_calls=len(reads)))
        calls = _counted(made.tool for made in report.calls)
        detail: dict[str, JsonValue] = {"kind": report.kind, "sandbox": report.sandbox, "calls": calls}
        result = "" if report.error or report.result is None else json.dumps(report.result, ensure_ascii=False)
        said = [part for part in (report.stdout.rstrip("\n"), report.error, result) if part]
        self._note("block", "\n".join(said), call.call_id, detail)

    def settled(self, call: Call, settlement: Settlement) -> None:
        """Keep the receipt of a tool's call."""
        receipt = _receipt(call, settlement.decision, settlement.outcome)
        if (report := settlement.report) is not None:
            ran = report.model_dump(include={"attempt", "worker", "started_at", "finished_at"})
            receipt = receipt.model_copy(update={**ran, "outcome_digest": outcome_digest(report.outcome)})
        self._add_receipt(receipt)

    def block_settled(self, call: Call, decision: Decision, report: BlockReport | None) -> None:
        """Keep the receipt of a block; without a report it did not run."""
        if report is None:
            self._add_receipt(_receipt(call, decision, "not_run"))
            return
        outcome: Literal["succeeded", "failed"] = "succeeded" if report.kind == "completed" else "failed"
        self._add_receipt(_receipt(call, decision, outcome).model_copy(update={"worker": report.worker}))

    def ended(self, kind: Literal["answer", "limit", "error"], text: str) -> None:
        """How the session, or one answer of it, ended."""
        self._note(kind, text)

    def _add_receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)
        self._receipt_bytes += _size_of_contract(receipt)

    def _add_item(self, item: dict[str, Any]) -> None:
        self.items.append(item)
        self._conversation_bytes += _size(item)

    def _note(self, kind: EntryKind, text: str, call_id: str = "", detail: dict[str, JsonValue] | None = None) -> None:
        shown = text
        if len(text) > ENTRY_MAX_CHARACTERS:
            shown = f"{text[:ENTRY_MAX_CHARACTERS]}… ({len(text)} characters in all; the history has them)"
        entry = Entry(kind=kind, at=workflow.now(), text=shown, call_id=call_id, detail=detail or {})
        self.transcript.append(entry)
        self._transcript_bytes += _size_of_contract(entry)
        while self._transcript_bytes > TRANSCRIPT_MAX_BYTES and len(self.transcript) > 1:
            # The first entry, the task, stays; what is dropped stands in the history.
            self._transcript_bytes -= _size_of_contract(self.transcript.pop(1))


def _receipt(call: Call, decision: Decision, outcome: Literal["succeeded", "failed", "unknown", "not_run"]) -> Receipt:
    return Receipt(
        call_id=call.call_id,
        digest=call.digest,
        tool=call.tool,
        tool_version=call.tool_version,
        agent_version=call.agent_version,
        effect=call.effect,
        decision=decision,
        outcome=outcome,
    )


def _counted(tools: Iterable[str]) -> dict[str, JsonValue]:
    return dict(Counter(tools))


def _size_of_contract(contract: Contract) -> int:
    return len(contract.model_dump_json().encode())


def _size(item: dict[str, Any]) -> int:
    return len(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass"))
