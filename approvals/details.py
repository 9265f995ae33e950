"""Everything about one call, whole, on as many pages as Slack's limits make of it."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from approvals.arguments import arguments_in_full
from approvals.block_kit import PIECE, Json, actions, boxes, button, line, person, plain, rich, size, text
from approvals.pointers import Pointer
from approvals.wording import action_of, at, outside_of
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.calls import Call, Decision
from seconder.names import ACTION_NEXT_PAGE, ACTION_PREVIOUS_PAGE

CALLBACK: Final = "seconder.details"
TURN_BLOCK: Final = "seconder.turn"
PAGE_BLOCKS: Final = 90
"""Of the 100 that a modal may have."""
PAGE_BYTES: Final = 200_000
"""Of JSON as it is sent; Slack refuses a view over 250 kB."""


def details_view(request: ApprovalRequest, call: Call, decision: Decision | None, page: int) -> Json:
    """The modal with one page of a call's details; a page beyond the last is the last."""
    pages = list(_paged(_grouped(_elements(request, call, decision))))
    page = min(page, len(pages) - 1)
    blocks = [rich(f"seconder.details.{number}", *group) for number, group in enumerate(pages[page])]
    if len(pages) > 1:
        blocks.append(rich("seconder.pages", line(text(f"Page {page + 1} of {len(pages)}", bold=True))))
        blocks.append(_turn(Pointer(request.request_id, call.digest), page, len(pages)))
    return _modal(blocks)


def trouble_view(words: str) -> Json:
    """What stands in the modal when the next page cannot be shown."""
    return _modal([rich("seconder.trouble", line(words))])


def _modal(blocks: list[Json]) -> Json:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("Details"),
        "close": plain("Close"),
        "blocks": blocks,
    }


def _turn(pointer: Pointer, page: int, pages: int) -> Json:
    def to(target: int) -> str:
        return str(Pointer(pointer.request_id, pointer.digest, target))

    return actions(
        TURN_BLOCK,
        *([button(ACTION_PREVIOUS_PAGE, "Previous page", to(page - 1))] if page else []),
        *([button(ACTION_NEXT_PAGE, "Next page", to(page + 1))] if page + 1 < pages else []),
    )


def _elements(request: ApprovalRequest, call: Call, decision: Decision | None) -> list[Json]:
    elements = [
        line(text(action_of(call), bold=True)),
        *_named("Tool", f"{call.tool} {call.tool_version}"),
        *_named("Digest of exactly this call", call.digest),
        *_named("Call", call.call_id),
        line(text("Arguments", bold=True)),
        *arguments_in_full(call),
    ]
    if request.block is not None and call.is_block:
        elements += _named("Reads sensitive data with", ", ".join(request.block.sensitive) or "nothing")
        elements += _named("Has side effects with", ", ".join(request.block.side_effects) or "nothing")
        elements += _named("May call", ", ".join(request.block.tools) or "no tools")
        for label, lines in outside_of(request.block).items():
            elements += _named(label, "\n".join(lines))
        if request.block.purpose:
            elements += _named("The model says (not checked)", request.block.purpose)
    if request.origin is not None:
        elements += _named("The code block that waits for this", request.origin.call_id)
        if request.origin.purpose:
            elements += _named("The model says of it (not checked)", request.origin.purpose)
    if decision is not None:
        elements += [
            line(text(f"{decision.kind.capitalize()} at {at(decision.at)}", bold=True)),
            *_people("By", (review.reviewer.user_id for review in decision.reviews)),
        ]
        if decision.reason:
            elements += _named("Reason", decision.reason)
    elements += [
        *_people("Asked for by", [request.requester]),
        *_named("Agent", f"{request.agent} {request.agent_version}"),
        *_named("Session", request.session_id),
        *_named("Request", request.request_id),
        *_named("Task", request.task),
        *_people("May decide", request.reviewers),
        line(text("Asked ", bold=True), at(request.created_at)),
        line(text("Expires ", bold=True), at(request.expires_at)),
    ]
    return elements


def _named(name: str, content: str) -> list[Json]:
    """Content of any length under its name."""
    return [line(text(name, bold=True)), *(boxes(content) or [line("(empty)")])]


def _people(label: str, users: Iterable[str]) -> list[Json]:
    """A person in a line; what is no user id can be of any length and stands in a box."""
    elements: list[Json] = [line(text(label, bold=True))]
    for user in users:
        shown = person(user)
        elements += [line(shown)] if shown["type"] == "user" else boxes(user)
    return elements


def _grouped(elements: Iterable[Json]) -> Iterator[list[Json]]:
    """Neighbours together in one block, as long as it holds no more text than Slack takes in one."""
    group: list[Json] = []
    for element in elements:
        if group and size([*group, element]) > PIECE:
            yield group
            group = []
        group.append(element)
    yield group


def _paged(groups: Iterable[list[Json]]) -> Iterator[list[list[Json]]]:
    page: list[list[Json]] = []
    taken = 0
    for group in groups:
        wanted = len(json.dumps(group))
        if page and (taken + wanted > PAGE_BYTES or len(page) == PAGE_BLOCKS):
            yield page
            page, taken = [], 0
        page.append(group)
        taken += wanted
    yield page
