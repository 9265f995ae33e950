"""Block Kit: each limit at its edge, and what is wrong named with its place."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import LocalSlack
from tests.slack.conftest import Json, button, mrkdwn, plain, reason_modal


def section(length: int) -> Json:
    return {"type": "section", "text": mrkdwn("x" * length)}


def fields(count: int, length: int = 1) -> Json:
    return {"type": "section", "fields": [plain("x" * length)] * count}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def many_buttons(count: int) -> Json:
    return actions(*(button(f"a{number}") for number in range(count)))


def options(count: int) -> list[Json]:
    return [{"text": plain(f"o{number}"), "value": f"o{number}"} for number in range(count)]


def table(rows: int, cells: int) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * cells] * rows}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def preformatted(text: str) -> Json:
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}


LARGEST: list[Any] = [
    pytest.param([{"type": "divider"}] * 50, id="50 blocks"),
    pytest.param([section(3000)], id="section text 3000"),
    pytest.param([{"type": "header", "text": plain("x" * 150)}], id="header 150"),
    pytest.param([fields(5, 2000)], id="field 2000"),
    pytest.param([fields(10)], id="10 fields"),
    pytest.param([{"type": "context", "elements": [mrkdwn("x")] * 10}], id="10 context elements"),
    pytest.param([many_buttons(25)], id="25 actions"),
    pytest.param([actions(button(text=plain("x" * 75)))], id="button text 75"),
    pytest.param([actions(button(value="x" * 2000))], id="button value 2000"),
    pytest.param([actions(button("x" * 255) | {"text": plain("x")})], id="action_id 255"),
    pytest.param([{"type": "divider", "block_id": "x" * 255}], id="block_id 255"),
    pytest.param([actions({"type": "overflow", "action_id": "o", "options": options(5)})], id="overflow 5"),
    pytest.param([table(100, 2)], id="table 100 rows"),
    pytest.param([table(2, 20)], id="table 20 cells"),
    pytest.param([{"type": "markdown", "text": "x" * 12_000}], id="markdown 12000"),
    pytest.param([rich(preformatted("x" * 12_000))], id="preformatted"),
    pytest.param([{"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x"}], id="image"),
]

TOO_LARGE: list[Any] = [
    pytest.param([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]", id="51 blocks"),
    pytest.param([section(3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]", id="section"),
    pytest.param([section(0)], "must be more than 0 characters [json-pointer:/blocks/0/text/text]", id="empty"),
    pytest.param(
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        id="header",
    ),
    pytest.param([fields(11)], "no more than 10 items allowed [json-pointer:/blocks/0/fields]", id="11 fields"),
    pytest.param(
        [fields(1, 2001)], "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]", id="field"
    ),
    pytest.param(
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        id="context",
    ),
    pytest.param(
        [many_buttons(26)], "no more than 25 items allowed [json-pointer:/blocks/0/elements]", id="26 actions"
    ),
    pytest.param(
        [actions(button(text=plain("x" * 76)))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        id="button text",
    ),
    pytest.param(
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        id="button value",
    ),
    pytest.param(
        [actions(button() | {"action_id": "x" * 256})],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
        id="action_id",
    ),
    pytest.param(
        [{"type": "divider", "block_id": "x" * 256}],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        id="block_id",
    ),
    pytest.param(
        [{"type": "divider", "block_id": "a"}] * 2,
        "block_id `a` is used more than once [json-pointer:/blocks/1/block_id]",
        id="block_id twice",
    ),
    pytest.param(
        [actions(button("a"), button("a"))],
        "action_id `a` is used more than once [json-pointer:/blocks/0]",
        id="action_id twice",
    ),
    pytest.param(
        [actions(button(style="green"))],
        "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        id="style",
    ),
    pytest.param([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0]", id="no text"),
    pytest.param([{"type": "header"}], "missing required field: text [json-pointer:/blocks/0]", id="no header text"),
    pytest.param([{"type": "sektion"}], "unsupported type: sektion [json-pointer:/blocks/0/type]", id="unknown type"),
    pytest.param([{}], "missing required field: type [json-pointer:/blocks/0]", id="no type"),
    pytest.param(["text"], "must provide an object [json-pointer:/blocks/0]", id="no object"),
    pytest.param(
        [{"type": "divider", "colour": "red"}], "additional property: colour [json-pointer:/blocks/0]", id="extra"
    ),
    pytest.param(
        [{"type": "header", "text": mrkdwn("x")}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        id="mrkdwn header",
    ),
    pytest.param([table(101, 1)], "no more than 100 items allowed [json-pointer:/blocks/0/rows]", id="101 rows"),
    pytest.param([table(1, 21)], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]", id="21 cells"),
    pytest.param([table(1, 1), table(1, 1)], "only_one_table_allowed [json-pointer:/blocks]", id="two tables"),
    pytest.param(
        [rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": ""}]})],
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
        id="empty rich text",
    ),
    pytest.param(
        [actions({"type": "overflow", "action_id": "o", "options": options(6)})],
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
        id="overflow",
    ),
    pytest.param(
        [actions({"type": "static_select", "action_id": "s"})],
        "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]",
        id="select without options",
    ),
]


@pytest.mark.parametrize("blocks", LARGEST)
async def test_what_lies_within_the_limits_is_posted(
    slack: LocalSlack, web: AsyncWebClient, blocks: list[Json]
) -> None:
    """A limit that is one too strict would make the cards smaller than they may be."""
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=blocks)
    assert len(slack.message("C0APPROVALS", posted["ts"]).blocks) == len(blocks)


@pytest.mark.parametrize(("blocks", "message"), TOO_LARGE)
async def test_what_lies_beyond_is_refused_and_says_where(
    slack: LocalSlack, web: AsyncWebClient, blocks: list[Json], message: str
) -> None:
    """The refusal carries what is wrong and its place, in both forms that Slack uses, and nothing is posted."""
    with pytest.raises(SlackApiError) as refused:
        await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=blocks)
    body = refused.value.response
    assert body["error"] == "invalid_blocks"
    assert message in body["errors"]
    assert f"[ERROR] {message}" in body["response_metadata"]["messages"]
    assert slack.messages("C0APPROVALS") == []


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([section(2700)] * 5, id="five long sections"),
        pytest.param([rich(preformatted("x" * 13_200))], id="one long text"),
        pytest.param([{"type": "markdown", "text": "x" * 6_001}] * 2, id="markdown together"),
    ],
)
async def test_a_message_that_is_too_long_as_a_whole_is_refused(web: AsyncWebClient, blocks: list[Json]) -> None:
    """Each block may be fine and the message still too long."""
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=blocks)


async def test_slack_fills_in_the_ids_that_are_missing(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A click can always be told apart, even on elements that the app did not name."""
    nameless = {"type": "button", "text": plain("Go")}
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=[actions(nameless, nameless)])
    first, second = slack.message("C0APPROVALS", posted["ts"]).elements
    assert first["block_id"] == second["block_id"]
    assert first["action_id"]
    assert first["action_id"] != second["action_id"]


def long_input(**changes: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "t"} | changes
    return {"type": "input", "label": plain("l"), "element": element}


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (reason_modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (reason_modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_"),
        (reason_modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
        (
            reason_modal(blocks=[{"type": "divider"}] * 101),
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (reason_modal(submit=None), "missing required field: submit"),
        (reason_modal(title=None), "missing required field: title [json-pointer:/view]"),
        (reason_modal(blocks=None), "missing required field: blocks [json-pointer:/view]"),
        (reason_modal(blocks=[table(1, 1)]), "unsupported type: table"),
        (reason_modal(blocks=[long_input(max_length=3001)]), "must be between 1 and 3000"),
        (reason_modal(type="home"), "must be a view of type `modal`"),
        ({}, "must be a view of type `modal`"),
    ],
)
async def test_a_modal_that_slack_refuses_is_refused(
    slack: LocalSlack, web: AsyncWebClient, view: Json, message: str
) -> None:
    """Views are refused as `invalid_arguments`, with what is wrong and its place."""
    forged = slack.forged_submission("U0ALICE", callback_id="x")
    with pytest.raises(SlackApiError) as refused:
        await web.views_open(trigger_id=forged["trigger_id"], view=view)
    body = refused.value.response
    assert body["error"] == "invalid_arguments"
    assert any(message in each for each in body["response_metadata"]["messages"])
    assert slack.views("U0ALICE") == []


async def test_the_largest_modal_opens(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A hundred blocks, and each text at its limit."""
    trigger_id = slack.forged_submission("U0ALICE", callback_id="x")["trigger_id"]
    blocks = [long_input(), *([{"type": "divider"}] * 99)]
    limits = {"title": plain("x" * 24), "private_metadata": "x" * 3000, "callback_id": "x" * 255}
    await web.views_open(trigger_id=trigger_id, view=reason_modal(blocks=blocks, **limits))
    assert len(slack.views("U0ALICE")[0].blocks) == 100
