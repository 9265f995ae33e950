"""What a person fills into a view: from plain Python values to `view.state.values`, and what Slack's client refuses."""

from collections.abc import Iterator, Mapping
from typing import Any

from seconder.testing.slack.records import Json

_VALUE_FIELD = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
}
"""For each element that keeps a value: the field of its state that holds it."""


def values_of(blocks: list[Json], filled_in: Mapping[str, Any]) -> Json:
    """`state.values` of blocks: block id → action id → state.

    `filled_in` maps a block id or an action id to a string, a number, or, for elements with options, the value of an
    option or a list of such; elements that it does not name keep their initial value.
    """
    values: Json = {}
    known: set[str] = set()
    for block, element in _stateful(blocks):
        block_id, action_id = block["block_id"], element["action_id"]
        known |= {block_id, action_id}
        given = filled_in.get(block_id, filled_in.get(action_id, _initial(element)))
        values.setdefault(block_id, {})[action_id] = _state(element, given)
    if unknown := set(filled_in) - known:
        raise ValueError(
            f"no field called {', '.join(sorted(unknown))}; the view has {', '.join(sorted(known)) or 'none'}"
        )
    return values


def complaints(blocks: list[Json], values: Json) -> dict[str, str]:
    """Block id → what Slack's client says under the field instead of submitting."""
    errors: dict[str, str] = {}
    for block, element in _stateful(blocks):
        if block["type"] != "input":
            continue
        value = values[block["block_id"]][element["action_id"]].get(_VALUE_FIELD[element["type"]])
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str) and (problem := _text_problem(element, value)):
            errors[block["block_id"]] = problem
    return errors


def option_by_value(element: Json, value: object) -> Json:
    """The option of a select, overflow menu, radio group or checkbox group that has this value."""
    options = [*element.get("options", []), *(o for g in element.get("option_groups", []) for o in g["options"])]
    for option in options:
        if option.get("value") == value:
            found: Json = option
            return found
    raise ValueError(f"no option {value!r}; there are {[option.get('value') for option in options]}")


def action_state(element: Json, value: object) -> Json:
    """What an entry of `actions` says about the element after the person chose `value`."""
    if element["type"] == "button":
        return {"value": element["value"]} if "value" in element else {}
    if element["type"] == "overflow":
        return {"selected_option": option_by_value(element, value)}
    return {name: inner for name, inner in _state(element, value).items() if name != "type"}


def keeps_a_value(element: Json) -> bool:
    """Whether the element appears in `state.values`; a button or an overflow menu does not."""
    return element["type"] in _VALUE_FIELD


def _stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and element.get("type") in _VALUE_FIELD and "action_id" in element:
                yield block, element


def _state(element: Json, given: object) -> Json:
    field = _VALUE_FIELD[element["type"]]
    if isinstance(given, (int, float)) and field == "value":
        given = str(given)
    if field == "selected_option" and isinstance(given, str):
        given = option_by_value(element, given)
    if field == "selected_options" and isinstance(given, (list, tuple, set)):
        given = [each if isinstance(each, dict) else option_by_value(element, each) for each in given]
    return {"type": element["type"], field: given}


def _initial(element: Json) -> object:
    field = _VALUE_FIELD[element["type"]]
    name = "initial_value" if field == "value" else field.replace("selected_", "initial_")
    empty: object = [] if field == "selected_options" else None
    initial: object = element.get(name, empty)
    return initial


def _text_problem(element: Json, value: str) -> str:
    least, most = element.get("min_length", 0), element.get("max_length")
    if len(value) < least:
        return f"Please enter at least {least} characters."
    if most is not None and len(value) > most:
        return f"Please enter at most {most} characters."
    if element["type"] == "number_input":
        return _number_problem(element, value)
    return ""


def _number_problem(element: Json, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a valid number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number that is at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number that is at most {element['max_value']}."
    return ""
