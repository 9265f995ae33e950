"""What Slack accepts in a message and in a view, checked as a whole.

The limit on a whole message is undocumented, lies near 13,200 characters of blocks, and is counted here on the compact
JSON, so that what passes here passes there.
"""

import json
from collections import Counter
from typing import Literal

from seconder.testing.slack.answers import SlackRefusalError, invalid_arguments
from seconder.testing.slack.block_kit import BLOCKS, MOST_BLOCKS, MOST_MARKDOWN_CHARACTERS, VIEWS, Surface
from seconder.testing.slack.block_rules import Findings, Items, Typed, walk
from seconder.testing.slack.records import Json

MOST_MESSAGE_CHARACTERS = 13_200
MOST_TEXT_CHARACTERS = 40_000
MOST_VIEW_BYTES = 250_000


def check_message_blocks(blocks: object) -> list[Json]:
    """Return the blocks, or raise Slack's refusal with everything that is wrong with them."""
    if not isinstance(blocks, list):
        raise SlackRefusalError("invalid_blocks_format")
    findings = Findings()
    Items(Typed(BLOCKS), MOST_BLOCKS["message"], least=0).check(blocks, "/blocks", findings)
    _check_together(blocks, "message", "/blocks", findings)
    if findings.messages:
        raise SlackRefusalError("invalid_blocks", messages=findings.messages, errors=findings.messages)
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    size = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    if size > MOST_MESSAGE_CHARACTERS or markdown > MOST_MARKDOWN_CHARACTERS:
        raise SlackRefusalError("msg_blocks_too_long")
    return blocks


def check_view(view: object, expected: Literal["modal", "home"]) -> Json:
    """Return the view, or raise Slack's refusal with everything that is wrong with it."""
    if not isinstance(view, dict):
        raise invalid_arguments("must provide an object [json-pointer:/view]")
    findings = Findings()
    if view.get("type") != expected:
        findings(f"must be a view of type `{expected}`", "/view/type")
    else:
        Typed(VIEWS).check(view, "/view", findings)
        blocks = view.get("blocks")
        if isinstance(blocks, list):
            _check_together(blocks, expected, "/view/blocks", findings)
            has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
            if expected == "modal" and has_input and not view.get("submit"):
                findings("missing required field: submit (a modal with input blocks needs it)", "/view")
    if findings.messages:
        raise invalid_arguments("failed to match all allowed schemas [json-pointer:/view]", *findings.messages)
    if len(json.dumps(view, ensure_ascii=False).encode()) > MOST_VIEW_BYTES:
        raise SlackRefusalError("view_too_large")
    return view


def _check_together(blocks: list[object], surface: Surface, at: str, findings: Findings) -> None:
    """What no block shows by itself: ids used twice, blocks that do not belong here, and more than one table."""
    objects = [block if isinstance(block, dict) else {} for block in blocks]
    seen: Counter[str] = Counter()
    for index, block in enumerate(objects):
        block_id, kind = block.get("block_id"), block.get("type")
        if isinstance(block_id, str):
            seen[block_id] += 1
            if seen[block_id] > 1:
                findings(f"block_id `{block_id}` is used more than once", f"{at}/{index}/block_id")
        if isinstance(kind, str) and kind in BLOCKS and surface not in BLOCKS[kind].only_on:
            findings(f"unsupported type: {kind} (not on a {surface})", f"{at}/{index}/type")
        action_ids = Counter(inner["action_id"] for inner in walk(block) if isinstance(inner.get("action_id"), str))
        for action_id, times in action_ids.items():
            if times > 1:
                findings(f"action_id `{action_id}` is used more than once", f"{at}/{index}")
    if sum(block.get("type") == "table" for block in objects) > 1:
        findings("only_one_table_allowed", at)
