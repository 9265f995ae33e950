"""Socket Mode with the SDK's own client: envelopes, acks, and connections that come and go."""

import asyncio

import aiohttp
import pytest

from seconder.testing.slack import APP_ID, TEAM_ID, LocalSlack, Message, Timings
from tests.slack.conftest import App, buttons, client_of, local_slack, plain


async def notice(slack: LocalSlack, *action_ids: str) -> Message:
    """A posted message with buttons."""
    posted = await client_of(slack).chat_postMessage(
        channel="C0APPROVALS", text="notice", blocks=[buttons(*(action_ids or ("approve", "deny")))]
    )
    return slack.message("C0APPROVALS", posted["ts"])


async def test_a_click_arrives_as_slack_sends_it(slack: LocalSlack, app: App) -> None:
    """Everything that a gateway may trust is in the payload, and the click says that it was acked."""
    message = await notice(slack)
    delivery = await slack.click("U0ALICE", message_ts=message.ts, action_id="deny")
    (request,) = app.received
    payload = request.payload
    assert (request.type, request.accepts_response_payload) == ("interactive", True)
    assert payload["type"] == "block_actions"
    assert payload["user"] == {"id": "U0ALICE", "username": "alice", "name": "alice", "team_id": TEAM_ID}
    assert (payload["team"]["id"], payload["api_app_id"]) == (TEAM_ID, APP_ID)
    assert payload["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "C0APPROVALS",
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": "C0APPROVALS", "name": "approvals"}
    assert payload["message"]["blocks"] == message.blocks
    (action,) = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"], action["type"]) == (
        "deny",
        "decide",
        "r1",
        "button",
    )
    assert payload["trigger_id"]
    assert payload["response_url"].startswith("http://127.0.0.1:")
    assert (delivery.state, delivery.shown, delivery.attempts) == ("acked", "", 1)


async def test_a_click_on_an_ephemeral_carries_no_message(slack: LocalSlack, app: App) -> None:
    """As on Slack, only the container tells where it was."""
    await app.web.chat_postEphemeral(
        channel="C0APPROVALS", user="U0ALICE", text="only you", blocks=[buttons("dismiss")]
    )
    shown = await slack.wait_for_ephemeral("U0ALICE")
    await slack.click("U0ALICE", message_ts=shown.ts, action_id="dismiss")
    payload = app.received[-1].payload
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    with pytest.raises(LookupError, match="does not see"):
        await slack.click("U0BOB", message_ts=shown.ts, action_id="dismiss")


async def test_menus_send_what_was_chosen(slack: LocalSlack, app: App) -> None:
    """A select and an overflow menu carry the chosen option; an option that is not there is named."""
    options = [{"text": plain(name), "value": name} for name in ("hour", "day")]
    elements = [
        {"type": "static_select", "action_id": "remind", "options": options},
        {"type": "overflow", "action_id": "more", "options": options},
    ]
    posted = await app.web.chat_postMessage(
        channel="C0APPROVALS", text="x", blocks=[{"type": "actions", "elements": elements}]
    )
    for action_id in ("remind", "more"):
        await slack.click("U0ALICE", message_ts=posted["ts"], action_id=action_id, value="day")
        assert app.received[-1].payload["actions"][0]["selected_option"]["value"] == "day"
    state = app.received[0].payload["state"]["values"]
    assert [each["remind"]["selected_option"]["value"] for each in state.values()] == ["day"]
    with pytest.raises(ValueError, match="no option 'week'"):
        await slack.click("U0ALICE", message_ts=posted["ts"], action_id="remind", value="week")


async def test_an_element_that_is_not_there_is_named(slack: LocalSlack, app: App) -> None:
    """A click on a button that is gone says what is there instead, and nothing is sent."""
    message = await notice(slack, "approve")
    with pytest.raises(LookupError, match="approve"):
        await slack.click("U0ALICE", message_ts=message.ts, action_id="deny")
    with pytest.raises(LookupError, match="no user 'U0NOBODY'"):
        await slack.click("U0NOBODY", message_ts=message.ts, action_id="approve")
    assert app.received == []


async def test_without_an_app_the_person_is_told_at_once(slack: LocalSlack) -> None:
    """Nobody waits three seconds for a connection that is not there."""
    message = await notice(slack)
    delivery = await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")
    assert (delivery.state, delivery.shown) == ("not_connected", "The app is not connected.")


async def test_an_app_that_does_not_ack_is_said_not_to_have_responded() -> None:
    """Silence is told apart from an ack, and is not retried unless asked for."""
    async with local_slack(timings=Timings(ack=0.1)) as slack, App(slack) as app:
        app.silent = True
        message = await notice(slack)
        delivery = await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")
        assert (delivery.state, delivery.shown) == ("timed_out", "The app did not respond in time.")
        assert len(app.received) == 1


async def test_what_nobody_acked_is_delivered_again_a_bounded_number_of_times() -> None:
    """Each attempt says which it is and why, and the last one is the last."""
    async with local_slack(timings=Timings(ack=0.1, redeliveries=2)) as slack, App(slack) as app:
        app.silent = True
        message = await notice(slack)
        delivery = await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")
        await slack.wait_until(lambda: delivery.attempts == 3 and delivery.state == "timed_out")
        assert [(request.retry_attempt, request.retry_reason) for request in app.received] == [
            (None, None),
            (1, "timeout"),
            (2, "timeout"),
        ]
        assert len({request.envelope_id for request in app.received}) == 3
        assert all(request.payload == app.received[0].payload for request in app.received)


async def test_a_redelivery_that_is_acked_ends_the_matter() -> None:
    """An app that came back in time is not asked again."""
    async with local_slack(timings=Timings(ack=0.2, redeliveries=5)) as slack:
        message = await notice(slack)
        delivery = await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")
        assert delivery.state == "not_connected"
        async with App(slack):
            await slack.redeliver()
            assert slack.deliveries[-1].acked


@pytest.mark.parametrize("fresh", [False, True])
async def test_the_last_envelope_can_be_sent_again(slack: LocalSlack, app: App, fresh: bool) -> None:  # noqa: FBT001
    """A test can check that deciding is idempotent, by envelope id or by content."""
    message = await notice(slack)
    await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")
    await slack.redeliver(fresh=fresh)
    first, second = app.received
    assert first.payload == second.payload
    assert (first.envelope_id == second.envelope_id) is not fresh


async def test_an_envelope_goes_to_one_connection(slack: LocalSlack) -> None:
    """Two processes of the gateway share the work; neither sees what the other got."""
    async with App(slack) as first, App(slack) as second:
        message = await notice(slack)
        for _ in range(4):
            await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")
        assert [len(app.received) for app in (first, second)] == [2, 2]


async def test_the_eleventh_connection_is_turned_away(slack: LocalSlack) -> None:
    """Ten at a time, as on Slack, and each address works once."""
    web = client_of(slack)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(10):
            url = (await web.apps_connections_open(app_token=slack.app_token))["url"]
            sockets.append(await session.ws_connect(url))
            assert (await sockets[-1].receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        extra = await session.ws_connect((await web.apps_connections_open(app_token=slack.app_token))["url"])
        assert (await extra.receive_json())["reason"] == "too_many_websockets"
        for socket in [*sockets, extra]:
            await socket.close()


async def test_a_refresh_loses_no_click(slack: LocalSlack, app: App) -> None:
    """After `refresh_requested` the SDK opens a new connection, and clicks go there."""
    await slack.disconnect_sockets("refresh_requested")
    await slack.wait_until(lambda: slack.connections == 1, what="the new connection")
    message = await notice(slack)
    assert (await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")).acked
    assert len(app.received) == 1


async def test_an_app_comes_back_after_its_connection_was_cut(slack: LocalSlack, app: App) -> None:
    """The SDK notices on its own; until then the person is told that nobody is there."""
    message = await notice(slack)
    slack.drop_sockets()
    assert (await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")).state == "not_connected"
    await slack.wait_until(lambda: slack.connections == 1, what="the reconnection")
    assert (await slack.click("U0ALICE", message_ts=message.ts, action_id="approve")).acked
    assert len(app.received) == 1


async def test_a_disabled_link_closes_the_connection(slack: LocalSlack) -> None:
    """`link_disabled` says why before it closes."""
    web = client_of(slack)
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect((await web.apps_connections_open(app_token=slack.app_token))["url"])
        await socket.receive_json()
        disconnecting = asyncio.ensure_future(slack.disconnect_sockets("link_disabled"))
        assert (await socket.receive_json()) == {
            "type": "disconnect",
            "reason": "link_disabled",
            "debug_info": {"host": "local"},
        }
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await disconnecting
    assert slack.connections == 0


async def test_garbage_on_a_socket_is_no_ack(slack: LocalSlack) -> None:
    """Text that is no JSON, or acks nothing, neither acks nor breaks the connection."""
    web = client_of(slack)
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect((await web.apps_connections_open(app_token=slack.app_token))["url"])
        await socket.receive_json()
        message = await notice(slack)
        click = asyncio.ensure_future(slack.click("U0ALICE", message_ts=message.ts, action_id="approve"))
        envelope = await socket.receive_json()
        for garbage in ("not json", "[]", '{"envelope_id": "x"}', '{"envelope_id": []}'):
            await socket.send_str(garbage)
        assert not click.done()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await click).acked
        await socket.close()


async def test_slash_commands_answer_the_person_who_typed(slack: LocalSlack, app: App) -> None:
    """The ack may carry the answer, which is for that person alone; unknown commands go nowhere."""
    app.answer = lambda payload: {"text": f"you said {payload['text']}"}
    delivery = await slack.slash_command("U0ALICE", "C0APPROVALS", "/seconder", "list")
    request = app.received[-1]
    assert (request.type, request.payload["command"], request.payload["user_id"]) == (
        "slash_commands",
        "/seconder",
        "U0ALICE",
    )
    assert delivery.acked
    assert [message.text for message in slack.ephemerals("U0ALICE")] == ["you said list"]
    unknown = await slack.slash_command("U0ALICE", "C0APPROVALS", "/sekonder")
    assert (unknown.state, unknown.shown) == ("refused", "/sekonder is not a valid command.")


async def test_what_people_write_arrives_as_events(slack: LocalSlack, app: App) -> None:
    """Only the events that the app subscribed to, with the ids that tell a repetition."""
    await slack.send_message("U0ALICE", "C0APPROVALS", "hello <@U0LOCALAPP>")
    assert [request.payload["event"]["type"] for request in app.received] == ["message", "app_mention"]
    first, second = (request.payload for request in app.received)
    assert (first["type"], first["event"]["user"], first["event"]["channel"]) == (
        "event_callback",
        "U0ALICE",
        "C0APPROVALS",
    )
    assert first["event_id"] != second["event_id"]
    with pytest.raises(LookupError, match="not in #alice-only"):
        await slack.send_message("U0BOB", "C0ALICE", "let me in")


async def test_a_forged_submission_arrives_like_a_genuine_one(slack: LocalSlack, app: App) -> None:
    """The transport vouches for the user, not for the modal: the app has to check authority again."""
    values = {"reason": {"text": {"type": "plain_text_input", "value": "approved!"}}}
    forged = slack.forged_submission("U0BOB", callback_id="deny", private_metadata="r1", values=values)
    assert (await slack.forge(forged)).acked
    payload = app.received[-1].payload
    assert (payload["user"]["id"], payload["view"]["private_metadata"]) == ("U0BOB", "r1")
    assert slack.views("U0BOB") == []
