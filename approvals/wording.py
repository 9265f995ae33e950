"""How a call and a request stand, in the words of a card."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal, assert_never

from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.base import iso
from seconder.contracts.block_settings import Mount
from seconder.contracts.blocks import BlockFacts
from seconder.contracts.calls import Call, Decision, ToolReport

type Standing = Literal[
    "waiting", "running", "succeeded", "failed", "unknown", "ended", "denied", "expired", "cancelled"
]


def standing_of(decision: Decision | None, report: ToolReport | None, *, ended: bool) -> Standing:
    """Where one call stands."""
    if decision is None:
        return "waiting"
    match decision.kind:
        case "denied" | "expired" | "cancelled":
            return decision.kind
        case "approved" | "automatic":
            if report is not None:
                return report.outcome.kind
            return "ended" if ended else "running"
        case _:
            assert_never(decision.kind)


def in_words(standing: Standing) -> str:
    """What a state means, after the words of who decided and when."""
    return _STANDING[standing]


_STANDING: Mapping[Standing, str] = {
    "waiting": "Waits for a decision.",
    "running": "Not finished yet.",
    "succeeded": "Succeeded.",
    "failed": "Failed: known not to have happened.",
    "unknown": "Outcome unknown: it may have happened, and is not run again.",
    "ended": "Ended.",
    "denied": "It does not run.",
    "expired": "Nobody decided in time; nobody said no.",
    "cancelled": "Nobody needs to decide any more.",
}


def title_of(request: ApprovalRequest) -> str:
    """What is asked for: the action itself, never a general phrase."""
    if request.block is not None:
        return ", ".join([action_of(request.calls[0]), *_beside_reads(request.block)])
    if len(request.calls) == 1:
        return action_of(request.calls[0])
    tools = Counter(call.tool for call in request.calls)
    if len(tools) == 1:
        return f"{len(request.calls)} calls of {action_of(request.calls[0])}"
    counted = (tool if times == 1 else f"{tool} ({times})" for tool, times in tools.items())
    return f"{len(request.calls)} calls: {', '.join(counted)}"


def action_of(call: Call) -> str:
    """One call by its tool and its effect."""
    return f"{'Code block' if call.is_block else call.tool}: {call.effect.in_words}"


def at(moment: datetime) -> str:
    """A moment as it stands in the Temporal UI."""
    return iso(moment.astimezone(UTC))


def outside_of(block: BlockFacts) -> dict[str, list[str]]:
    """What a block reaches beside its tools, a list of lines for each kind; nothing is left out."""
    mounts = {
        "Writes to folders": [_mount(mount) for mount in block.mounts if mount.writable],
        "Reads folders": [_mount(mount) for mount in block.mounts if not mount.writable],
    }
    domains = [f"{domain.host} ({', '.join(domain.methods)})" for domain in block.domains]
    return {label: lines for label, lines in {**mounts, "Fetches from": domains}.items() if lines}


def _beside_reads(block: BlockFacts) -> Iterator[str]:
    if any(mount.writable for mount in block.mounts):
        yield "writes to folders"
    if block.domains:
        yield "fetches from the network"
    if block.side_effects:
        yield "asks for each side effect"


def _mount(mount: Mount) -> str:
    return f"{mount.source} as {mount.target}"
