"""Modals and the App Home tab: opened by a trigger, filled in, answered."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import LocalSlack, Timings, View
from seconder.testing.slack.people import TROUBLE
from tests.slack.conftest import App, Json, button, buttons, client_of, local_slack, plain, reason_modal


def trigger(slack: LocalSlack, user: str = "U0ALICE") -> str:
    """A trigger id, as any action of the user carries one."""
    trigger_id: str = slack.forged_submission(user, callback_id="x")["trigger_id"]
    return trigger_id


async def opened(slack: LocalSlack, web: AsyncWebClient, **changes: Any) -> View:
    await web.views_open(trigger_id=trigger(slack), view=reason_modal(**changes))
    return await slack.wait_for_view("U0ALICE")


async def test_a_modal_opens_before_the_person_who_acted(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The trigger decides who sees it; nobody else does."""
    view = await opened(slack, web)
    assert (view.callback_id, view.content["private_metadata"]) == ("deny", "r1")
    assert slack.views("U0BOB") == []


async def test_a_trigger_works_once(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A second modal from the same click is refused."""
    trigger_id = trigger(slack)
    await web.views_open(trigger_id=trigger_id, view=reason_modal())
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await web.views_open(trigger_id=trigger_id, view=reason_modal())


async def test_a_refused_view_leaves_the_trigger_usable(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Only a modal that opened uses the trigger up."""
    trigger_id = trigger(slack)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await web.views_open(trigger_id=trigger_id, view=reason_modal(title=plain("x" * 30)))
    await web.views_open(trigger_id=trigger_id, view=reason_modal())


async def test_an_old_or_unknown_trigger_opens_nothing() -> None:
    """Three seconds on Slack, none at all here, so that the test need not wait."""
    async with local_slack(timings=Timings(trigger=0.0)) as slack:
        web = client_of(slack)
        for trigger_id, error in [(trigger(slack), "expired_trigger_id"), ("1.2.x", "invalid_trigger_id")]:
            with pytest.raises(SlackApiError, match=error):
                await web.views_open(trigger_id=trigger_id, view=reason_modal())
        assert slack.views("U0ALICE") == []


async def test_a_view_is_updated_only_as_it_was_seen(slack: LocalSlack, web: AsyncWebClient) -> None:
    """With a hash, an update that raced with another is refused instead of undoing it."""
    view = await opened(slack, web)
    seen = view.hash
    await web.views_update(view_id=view.id, hash=seen, view=reason_modal(title=plain("Second")))
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await web.views_update(view_id=view.id, hash=seen, view=reason_modal(title=plain("Third")))
    assert slack.views("U0ALICE")[0].content["title"]["text"] == "Second"
    with pytest.raises(SlackApiError, match="not_found"):
        await web.views_update(view_id="V0NONE", view=reason_modal())


async def test_home_tabs_are_published_one_a_person(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """The tab is replaced as a whole, buttons on it work, and the app hears when somebody opens it."""
    home = {"type": "home", "blocks": [buttons("approve")]}
    await web.views_publish(user_id="U0ALICE", view={"type": "home", "blocks": [{"type": "divider"}]})
    await web.views_publish(user_id="U0ALICE", view=home)
    shown = await slack.open_home("U0ALICE")
    assert shown is not None
    assert [element["action_id"] for element in shown.elements] == ["approve"]
    assert await slack.open_home("U0BOB") is None
    assert app.received[0].payload["event"]["type"] == "app_home_opened"
    delivery = await slack.click("U0ALICE", view_id=shown.id, action_id="approve")
    assert delivery.acked
    assert app.received[-1].payload["container"] == {"type": "view", "view_id": shown.id}
    assert app.received[-1].payload["view"]["type"] == "home"


async def test_a_submission_carries_what_was_filled_in(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """The payload has Slack's shape, and an ack without a body closes the modal."""
    view = await opened(slack, web)
    delivery = await slack.submit_view("U0ALICE", view.id, {"reason": "wrong amount"})
    payload = app.received[-1].payload
    assert (payload["type"], payload["user"]["id"], payload["view"]["callback_id"]) == (
        "view_submission",
        "U0ALICE",
        "deny",
    )
    assert payload["view"]["private_metadata"] == "r1"
    assert payload["view"]["hash"] == view.hash
    assert payload["view"]["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "wrong amount"}}
    }
    assert (delivery.state, view.state) == ("acked", "submitted")
    assert slack.views("U0ALICE") == []


async def test_errors_of_the_app_stand_under_their_fields(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """The modal stays open and shows them, until a submission is accepted."""
    app.answer = lambda _: {"response_action": "errors", "errors": {"reason": "Say more."}}
    view = await opened(slack, web)
    delivery = await slack.submit_view("U0ALICE", view.id, {"text": "no"})
    assert delivery.errors == {"reason": "Say more."}
    assert (view.state, view.errors) == ("open", {"reason": "Say more."})
    app.answer = lambda _: None
    await slack.submit_view("U0ALICE", view.id, {"text": "because"})
    assert view.state == "submitted"


async def test_slacks_client_stops_what_is_not_filled_in(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """A required field that is empty, or a text that is too long, never reaches the app."""
    view = await opened(slack, web)
    empty = await slack.submit_view("U0ALICE", view.id)
    long = await slack.submit_view("U0ALICE", view.id, {"reason": "x" * 101})
    assert (empty.state, empty.errors) == ("refused", {"reason": "Please complete this required field."})
    assert long.errors == {"reason": "Please enter at most 100 characters."}
    assert app.received == []


async def test_an_ack_may_replace_push_or_clear_the_views(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """The three other answers to a submission do what Slack documents."""
    view = await opened(slack, web)
    app.answer = lambda _: {"response_action": "update", "view": reason_modal(title=plain("Sure?"))}
    await slack.submit_view("U0ALICE", view.id, {"reason": "a"})
    assert view.content["title"]["text"] == "Sure?"
    app.answer = lambda _: {"response_action": "push", "view": reason_modal(title=plain("On top"))}
    await slack.submit_view("U0ALICE", view.id, {"reason": "b"})
    below, top = slack.views("U0ALICE")
    assert (below.id, top.previous_id, top.root_id) == (view.id, view.id, view.id)
    app.answer = lambda _: {"response_action": "clear"}
    await slack.submit_view("U0ALICE", top.id, {"reason": "c"})
    assert slack.views("U0ALICE") == []


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "update", "view": reason_modal(title=plain("x" * 30))},
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "shut"},
    ],
)
async def test_an_ack_that_slack_does_not_accept_shows_as_trouble(
    slack: LocalSlack, web: AsyncWebClient, app: App, answer: Json
) -> None:
    """The app is not told; the person sees that it did not work, and the modal stays."""
    app.answer = lambda _: answer
    view = await opened(slack, web)
    delivery = await slack.submit_view("U0ALICE", view.id, {"reason": "x"})
    assert (delivery.shown, view.state) == (TROUBLE, "open")


async def test_closing_tells_the_app_only_when_it_asked(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """`notify_on_close` is the difference between a `view_closed` and silence."""
    silent = await opened(slack, web)
    assert await slack.close_view("U0ALICE", silent.id) is None
    told = await opened(slack, web, notify_on_close=True)
    await slack.close_view("U0ALICE", told.id)
    assert [request.payload["type"] for request in app.received] == ["view_closed"]
    assert slack.views("U0ALICE") == []


async def test_every_kind_of_field_is_filled_in_by_plain_values(
    slack: LocalSlack, web: AsyncWebClient, app: App
) -> None:
    """Values go in as a person enters them and come out as Slack sends them; the rest keeps its initial value."""
    options = [{"text": plain(name), "value": name} for name in ("a", "b", "c")]

    def field(block_id: str, element: Json, **more: Any) -> Json:
        named = {"action_id": f"{block_id}-value", **element}
        return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": named, **more}

    blocks = [
        field("number", {"type": "number_input", "is_decimal_allowed": False, "max_value": "10"}),
        field("select", {"type": "static_select", "options": options}),
        field("boxes", {"type": "checkboxes", "options": options}),
        field("user", {"type": "users_select"}),
        field("kept", {"type": "plain_text_input", "initial_value": "as it was"}),
        field("free", {"type": "plain_text_input"}, optional=True),
    ]
    view = await opened(slack, web, blocks=blocks)
    values: Json = {"number": 11, "select": "b", "boxes": ["a", "c"], "user-value": "U0BOB"}
    refused = await slack.submit_view("U0ALICE", view.id, values)
    assert refused.errors == {"number": "Please enter a number that is at most 10."}
    await slack.submit_view("U0ALICE", view.id, values | {"number": 7})
    sent = app.received[-1].payload["view"]["state"]["values"]
    assert sent["number"]["number-value"] == {"type": "number_input", "value": "7"}
    assert sent["select"]["select-value"]["selected_option"]["value"] == "b"
    assert [each["value"] for each in sent["boxes"]["boxes-value"]["selected_options"]] == ["a", "c"]
    assert sent["user"]["user-value"]["selected_user"] == "U0BOB"
    assert sent["kept"]["kept-value"]["value"] == "as it was"
    assert sent["free"]["free-value"]["value"] is None


async def test_a_field_that_is_not_there_is_named(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A typing mistake in a test is an error that lists the fields, not a value that is lost."""
    view = await opened(slack, web)
    with pytest.raises(ValueError, match=r"no field called raeson; the view has reason, text"):
        await slack.submit_view("U0ALICE", view.id, {"raeson": "x"})


async def test_an_action_in_a_modal_carries_what_was_filled_in_so_far(
    slack: LocalSlack, web: AsyncWebClient, app: App
) -> None:
    """A button in a half-filled form does not lose what the person has typed."""
    blocks = [*reason_modal()["blocks"], {"type": "actions", "block_id": "b", "elements": [button("more")]}]
    view = await opened(slack, web, blocks=blocks)
    await slack.click("U0ALICE", view_id=view.id, action_id="more", values={"reason": "half a sen"})
    values = app.received[-1].payload["view"]["state"]["values"]
    assert values["reason"]["text"]["value"] == "half a sen"


async def test_a_button_in_a_modal_acts_on_the_view(slack: LocalSlack, web: AsyncWebClient, app: App) -> None:
    """An action in a modal carries the view and a trigger, and no message."""
    modal = reason_modal(blocks=[{"type": "actions", "block_id": "b", "elements": [button("more")]}])
    del modal["submit"]
    view = await opened(slack, web, **modal)
    await slack.click("U0ALICE", view_id=view.id, action_id="more")
    payload = app.received[-1].payload
    assert payload["view"]["id"] == view.id
    assert "message" not in payload
    await web.views_push(trigger_id=payload["trigger_id"], view=reason_modal())
    assert len(slack.views("U0ALICE")) == 2
