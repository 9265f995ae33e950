"""What Block Kit consists of: the blocks, their elements and their limits, as tables, from Slack's documentation."""

from collections.abc import Mapping
from typing import Literal

from seconder.testing.slack.block_rules import Flag, Items, Rule, Text, Thing, Typed, Whole

type Fields = dict[str, Rule]
type Rules = Mapping[str, Rule]
type Surface = Literal["message", "modal", "home"]

MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MOST_MARKDOWN_CHARACTERS = 12_000


def _mrkdwn_or_plain(most: int) -> Typed:
    return Typed({"mrkdwn": Thing({"text": Text(most, 1)}, {"verbatim": Flag()}), "plain_text": _plain_body(most)})


def _plain(most: int) -> Typed:
    return Typed({"plain_text": _plain_body(most)})


def _plain_body(most: int) -> Thing:
    return Thing({"text": Text(most, 1)}, {"emoji": Flag()})


_ID = Text(255, 1)
_URL = Text(3000, 1)
_CONFIRM = Thing(
    {"title": _plain(100), "text": _mrkdwn_or_plain(300), "confirm": _plain(30), "deny": _plain(30)},
    {"style": Text(choices=("primary", "danger"))},
)
_OPTION = Thing(
    {"text": _mrkdwn_or_plain(75), "value": Text(150, 1)},
    {"description": _mrkdwn_or_plain(75), "url": _URL},
)
_OPTION_GROUP = Thing({"label": _plain(75), "options": Items(_OPTION, 100)})
_DISPATCH = Thing(optional={"trigger_actions_on": Items(Text(choices=("on_enter_pressed", "on_character_entered")), 2)})


def _element(
    required: Rules | None = None,
    optional: Rules | None = None,
    any_of: tuple[str, ...] = (),
) -> Thing:
    common: Fields = {"action_id": _ID, "confirm": _CONFIRM, "focus_on_load": Flag()}
    return Thing(required or {}, {**common, **(optional or {})}, any_of)


def _input(optional: Rules) -> Thing:
    return _element(optional={"placeholder": _plain(150), "dispatch_action_config": _DISPATCH, **optional})


def _select(one: str, many: str, **choices: Rule) -> dict[str, Thing]:
    any_of = ("options", "option_groups") if "options" in choices else ()
    placeholder: Fields = {"placeholder": _plain(150)}
    first: Rule = _OPTION if "options" in choices else Text(255)
    suffix = "option" if "options" in choices else one.removesuffix("s_select")
    single: Fields = {**placeholder, **choices, f"initial_{suffix}": first}
    several: Fields = {f"initial_{suffix}s": Items(first, 100), "max_selected_items": Whole(1)}
    multiple = {**placeholder, **choices, **several}
    return {one: _element(optional=single, any_of=any_of), many: _element(optional=multiple, any_of=any_of)}


_LENGTHS: Fields = {"min_length": Whole(0, 3000), "max_length": Whole(1, 3000)}
_IMAGE = Thing({"alt_text": Text(2000)}, {"image_url": _URL, "slack_file": Thing(optional={"id": _ID, "url": _URL})})
_BUTTON = _element(
    {"text": _plain(75)},
    {
        "value": Text(2000),
        "url": _URL,
        "style": Text(choices=("primary", "danger")),
        "accessibility_label": Text(75, 1),
    },
)
_PICKERS: dict[str, Thing] = {
    "button": _BUTTON,
    "overflow": _element({"options": Items(_OPTION, 5)}),
    "checkboxes": _element({"options": Items(_OPTION, 10)}, {"initial_options": Items(_OPTION, 10)}),
    "radio_buttons": _element({"options": Items(_OPTION, 10)}, {"initial_option": _OPTION}),
    "datepicker": _element(optional={"placeholder": _plain(150), "initial_date": Text(10)}),
    "timepicker": _element(optional={"placeholder": _plain(150), "initial_time": Text(5), "timezone": Text()}),
    "datetimepicker": _element(optional={"initial_date_time": Whole(1)}),
    **_select(
        "static_select", "multi_static_select", options=Items(_OPTION, 100), option_groups=Items(_OPTION_GROUP, 100)
    ),
    **_select("users_select", "multi_users_select"),
    **_select("conversations_select", "multi_conversations_select", default_to_current_conversation=Flag()),
    **_select("channels_select", "multi_channels_select"),
}
_INPUTS: dict[str, Thing] = {
    "plain_text_input": _input({"multiline": Flag(), "initial_value": Text(3000), **_LENGTHS}),
    "email_text_input": _input({"initial_value": Text(3000)}),
    "url_text_input": _input({"initial_value": Text(3000)}),
    "number_input": _input(
        {"is_decimal_allowed": Flag(), "initial_value": Text(), "min_value": Text(), "max_value": Text()}
    ),
    **{kind: rule for kind, rule in _PICKERS.items() if kind not in ("button", "overflow")},
}

_STYLE = Thing(optional={name: Flag() for name in ("bold", "italic", "strike", "code", "underline")})
_STYLED: Fields = {"style": _STYLE}
_RICH_INLINE: dict[str, Thing] = {
    "text": Thing({"text": Text(least=1)}, _STYLED),
    "link": Thing({"url": _URL}, {"text": Text(), "unsafe": Flag(), **_STYLED}),
    "user": Thing({"user_id": _ID}, _STYLED),
    "usergroup": Thing({"usergroup_id": _ID}, _STYLED),
    "channel": Thing({"channel_id": _ID}, _STYLED),
    "broadcast": Thing({"range": Text(choices=("here", "channel", "everyone"))}, _STYLED),
    "emoji": Thing({"name": _ID}, {"unicode": Text(), "skin_tone": Whole(), **_STYLED}),
    "date": Thing({"timestamp": Whole(), "format": Text(least=1)}, {"fallback": Text(), "url": _URL, **_STYLED}),
    "color": Thing({"value": Text(9, 1)}),
}
_INLINE = Items(Typed(_RICH_INLINE), least=0)
_RICH_SECTION = Thing({"elements": _INLINE})
_RICH = Typed(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_preformatted": Thing({"elements": _INLINE}, {"border": Whole(0, 1), "language": Text()}),
        "rich_text_quote": Thing({"elements": _INLINE}, {"border": Whole(0, 1)}),
        "rich_text_list": Thing(
            {
                "style": Text(choices=("bullet", "ordered")),
                "elements": Items(Typed({"rich_text_section": _RICH_SECTION})),
            },
            {"indent": Whole(0, 8), "offset": Whole(), "border": Whole(0, 1)},
        ),
    }
)
_CELL = Typed({"raw_text": Thing({"text": Text(least=1)}), "rich_text": Thing({"elements": Items(_RICH)})})
_COLUMN = Thing(optional={"align": Text(choices=("left", "center", "right")), "is_wrapped": Flag()})


def _block(
    required: Rules,
    optional: Rules | None = None,
    any_of: tuple[str, ...] = (),
    only_on: tuple[Surface, ...] = ("message", "modal", "home"),
) -> Thing:
    return Thing(required, {"block_id": _ID, **(optional or {})}, any_of, only_on)


_CONTEXT_ELEMENT = Typed({"image": _IMAGE, **_mrkdwn_or_plain(3000).rules})
BLOCKS: dict[str, Thing] = {
    "section": _block(
        {},
        {
            "text": _mrkdwn_or_plain(3000),
            "fields": Items(_mrkdwn_or_plain(2000), 10),
            "accessory": Typed({"image": _IMAGE, **_PICKERS}),
            "expand": Flag(),
        },
        any_of=("text", "fields"),
    ),
    "header": _block({"text": _plain(150)}, {"level": Whole(1, 4)}),
    "divider": _block({}),
    "context": _block({"elements": Items(_CONTEXT_ELEMENT, 10)}),
    "actions": _block({"elements": Items(Typed(_PICKERS), 25)}),
    "input": _block(
        {"label": _plain(2000), "element": Typed(_INPUTS)},
        {"hint": _plain(2000), "optional": Flag(), "dispatch_action": Flag()},
    ),
    "image": _block(
        {"alt_text": Text(2000)},
        {"image_url": _URL, "title": _plain(2000), "slack_file": Thing(optional={"id": _ID, "url": _URL})},
        any_of=("image_url", "slack_file"),
    ),
    "rich_text": _block({"elements": Items(_RICH)}),
    "markdown": _block({"text": Text(MOST_MARKDOWN_CHARACTERS, 1)}, only_on=("message",)),
    "table": _block(
        {"rows": Items(Items(_CELL, 20), 100)}, {"column_settings": Items(_COLUMN, 20)}, only_on=("message",)
    ),
}
_MODAL = Thing(
    {"title": _plain(24), "blocks": Items(Typed(BLOCKS), MOST_BLOCKS["modal"], least=0)},
    {
        "submit": _plain(24),
        "close": _plain(24),
        "callback_id": Text(255),
        "private_metadata": Text(3000),
        "external_id": Text(255),
        "clear_on_close": Flag(),
        "notify_on_close": Flag(),
        "submit_disabled": Flag(),
    },
)
_HOME = Thing(
    {"blocks": Items(Typed(BLOCKS), MOST_BLOCKS["home"], least=0)},
    {"callback_id": Text(255), "private_metadata": Text(3000), "external_id": Text(255)},
)
VIEWS = {"modal": _MODAL, "home": _HOME}
