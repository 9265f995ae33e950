"""The Web API answers and refuses as Slack does."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import BOT_USER_ID, TEAM_ID, LocalSlack
from tests.slack.conftest import buttons, client_of, local_slack


async def refusal(call: Any) -> dict[str, Any]:
    """The body of the refusal with which the call is answered."""
    with pytest.raises(SlackApiError) as refused:
        await call
    body: dict[str, Any] = refused.value.response.data
    assert body["ok"] is False
    return body


async def test_auth_test_names_the_app_and_its_scopes(web: AsyncWebClient) -> None:
    """`auth.test` tells who the token belongs to, and the header which scopes it has: what `seconder check` reads."""
    answer = await web.auth_test()
    assert (answer["user_id"], answer["team_id"]) == (BOT_USER_ID, TEAM_ID)
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth"), ("xapp-local", "not_allowed_token_type")]
)
async def test_a_token_that_is_missing_wrong_or_of_the_other_kind_is_refused(
    slack: LocalSlack, token: str, error: str
) -> None:
    """Only the bot token opens the bot's methods, and each mistake has Slack's own name."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.post(f"{slack.api_url}auth.test", headers=headers) as answer:
        assert (await answer.json())["error"] == error


async def test_the_bot_token_does_not_open_sockets(slack: LocalSlack) -> None:
    """Socket Mode needs the app-level token."""
    body = await refusal(client_of(slack).apps_connections_open(app_token=slack.bot_token))
    assert body["error"] == "not_allowed_token_type"


async def test_the_app_token_needs_connections_write() -> None:
    """An app-level token without its scope opens nothing."""
    async with local_slack(app_scopes=()) as slack:
        body = await refusal(client_of(slack).apps_connections_open(app_token=slack.app_token))
        assert (body["error"], body["needed"]) == ("missing_scope", "connections:write")


@pytest.mark.parametrize(
    ("method", "scope", "args"),
    [
        ("chat.postMessage", "chat:write", {"channel": "C0APPROVALS", "text": "hi"}),
        ("chat.update", "chat:write", {"channel": "C0APPROVALS", "ts": "1", "text": "hi"}),
        ("users.info", "users:read", {"user": "U0ALICE"}),
        ("users.lookupByEmail", "users:read.email", {"email": "alice@example.com"}),
        ("usergroups.users.list", "usergroups:read", {"usergroup": "S0REVIEWERS"}),
        ("files.getUploadURLExternal", "files:write", {"filename": "a", "length": 1}),
        ("conversations.open", "im:write", {"users": "U0ALICE"}),
        ("conversations.info", "channels:read", {"channel": "C0APPROVALS"}),
    ],
)
async def test_a_method_without_its_scope_is_refused(method: str, scope: str, args: dict[str, Any]) -> None:
    """The refusal names the scope that is needed and those that are there."""
    async with local_slack(scopes={"commands"}) as slack:
        body = await refusal(client_of(slack).api_call(method, json=args))
        assert (body["error"], body["needed"], body["provided"]) == ("missing_scope", scope, "commands")


async def test_email_needs_a_scope_of_its_own() -> None:
    """Without `users:read.email` a profile has no address, as on Slack."""
    async with local_slack(scopes={"users:read"}) as slack:
        answer = await client_of(slack).users_info(user="U0ALICE")
        assert "email" not in answer["user"]["profile"]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "hi"}, "channel_not_found"),
        ({"text": "hi"}, "channel_not_found"),
        ({"channel": "C0SECRET", "text": "hi"}, "channel_not_found"),
        ({"channel": "C0ELSEWHERE", "text": "hi"}, "not_in_channel"),
        ({"channel": "C0OLD", "text": "hi"}, "is_archived"),
        ({"channel": "C0APPROVALS"}, "no_text"),
        ({"channel": "C0APPROVALS", "text": ""}, "no_text"),
        ({"channel": "C0APPROVALS", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0APPROVALS", "text": "hi", "thread_ts": "1.1"}, "thread_not_found"),
        ({"channel": "C0APPROVALS", "text": "hi", "blocks": "not json"}, "invalid_blocks_format"),
        ({"channel": "C0APPROVALS", "text": "hi", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "C0APPROVALS", "text": "hi", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
    ],
)
async def test_a_message_that_slack_refuses_is_refused(web: AsyncWebClient, args: dict[str, Any], error: str) -> None:
    """Each mistake has Slack's own error, and nothing is posted."""
    assert (await refusal(web.api_call("chat.postMessage", json=args)))["error"] == error


async def test_form_and_json_bodies_mean_the_same(slack: LocalSlack) -> None:
    """Slack takes both, with blocks as a JSON string in a form, and the token in the body of either."""
    blocks = '[{"type": "divider"}]'
    form = {"token": slack.bot_token, "channel": "C0APPROVALS", "text": "form", "blocks": blocks}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{slack.api_url}chat.postMessage", data=form) as answer:
            assert (await answer.json())["ok"]
        async with session.post(f"{slack.api_url}chat.postMessage", json=form | {"text": "json"}) as answer:
            assert (await answer.json())["ok"]
    posted = slack.messages("C0APPROVALS")
    assert [message.text for message in posted] == ["form", "json"]
    assert all(message.blocks[0]["type"] == "divider" for message in posted)


@pytest.mark.parametrize(("body", "error"), [(b"{", "invalid_json"), (b"[]", "json_not_object")])
async def test_json_that_is_no_object_is_refused(slack: LocalSlack, body: bytes, error: str) -> None:
    """A broken body is named as such, not taken for an empty one."""
    headers = {"Content-Type": "application/json"}
    url = f"{slack.api_url}auth.test"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == error


async def test_an_unknown_method_is_refused(web: AsyncWebClient) -> None:
    """A typing mistake in a method is not silently accepted."""
    assert await refusal(web.api_call("chat.postMesage")) == {
        "ok": False,
        "error": "unknown_method",
        "req_method": "chat.postMesage",
    }


async def test_a_reply_stands_in_its_thread(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A reply to a reply lands in the same thread, as Slack has one level only."""
    parent = await web.chat_postMessage(channel="C0APPROVALS", text="notice")
    reply = await web.chat_postMessage(channel="C0APPROVALS", text="decided", thread_ts=parent["ts"])
    await web.chat_postMessage(channel="C0APPROVALS", text="ran", thread_ts=reply["ts"])
    assert [each.text for each in slack.messages("C0APPROVALS", thread_ts=parent["ts"])] == ["notice", "decided", "ran"]


async def test_an_update_replaces_the_blocks_and_keeps_what_was_there(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The buttons are gone for everybody, and a test still sees what the message said before."""
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="waits", blocks=[buttons("approve")])
    await web.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="approved", blocks=[{"type": "divider"}])
    message = slack.message("C0APPROVALS", posted["ts"])
    assert (message.text, message.elements) == ("approved", [])
    assert [revision.text for revision in message.revisions] == ["waits"]
    assert message.revisions[0].blocks[0]["block_id"] == "decide"


async def test_an_update_with_text_alone_drops_the_blocks_and_marks_the_message(
    slack: LocalSlack, web: AsyncWebClient
) -> None:
    """As Slack documents: text without blocks removes them, and only then "(edited)" is shown."""
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="waits", blocks=[buttons("approve")])
    await web.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="due", blocks=[{"type": "divider"}])
    assert slack.message("C0APPROVALS", posted["ts"]).edited_ts is None
    await web.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="over")
    message = slack.message("C0APPROVALS", posted["ts"])
    assert (message.text, message.blocks) == ("over", [])
    assert message.edited_ts is not None


async def test_only_its_own_messages_can_be_changed(slack: LocalSlack, web: AsyncWebClient) -> None:
    """An app edits and deletes what it wrote, and neither a person's words nor an ephemeral."""
    said = await slack.send_message("U0ALICE", "C0APPROVALS", "mine")
    shown = await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ALICE", text="psst")
    for ts, update, delete in [
        (said.ts, "cant_update_message", "cant_delete_message"),
        (shown["message_ts"], "message_not_found", "message_not_found"),
        ("1.1", "message_not_found", "message_not_found"),
    ]:
        assert (await refusal(web.chat_update(channel="C0APPROVALS", ts=ts, text="x")))["error"] == update
        assert (await refusal(web.chat_delete(channel="C0APPROVALS", ts=ts)))["error"] == delete


async def test_a_deleted_message_is_gone(slack: LocalSlack, web: AsyncWebClient) -> None:
    """What was deleted can neither be seen nor changed."""
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="oops")
    await web.chat_delete(channel="C0APPROVALS", ts=posted["ts"])
    assert slack.messages("C0APPROVALS") == []
    again = await refusal(web.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="x"))
    assert again["error"] == "message_not_found"


async def test_an_ephemeral_is_for_one_person(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Nobody else sees it, and it is no message of the channel."""
    await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ALICE", text="not allowed")
    assert [message.text for message in slack.ephemerals("U0ALICE")] == ["not allowed"]
    assert slack.ephemerals("U0BOB") == []
    assert slack.messages("C0APPROVALS") == []


@pytest.mark.parametrize(("channel", "user"), [("C0ALICE", "U0BOB"), ("C0APPROVALS", "U0NOBODY")])
async def test_an_ephemeral_to_somebody_outside_the_channel_is_refused(
    web: AsyncWebClient, channel: str, user: str
) -> None:
    """An answer that nobody would see is an error, not a success."""
    assert (await refusal(web.chat_postEphemeral(channel=channel, user=user, text="x")))[
        "error"
    ] == "user_not_in_channel"


async def test_a_message_to_a_user_id_arrives_as_a_direct_message(slack: LocalSlack, web: AsyncWebClient) -> None:
    """`chat.postMessage` to `U…` and `conversations.open` lead to the same conversation."""
    opened = await web.conversations_open(users="U0ALICE")
    posted = await web.chat_postMessage(channel="U0ALICE", text="for you")
    assert posted["channel"] == opened["channel"]["id"]
    assert [message.text for message in slack.messages(opened["channel"]["id"])] == ["for you"]


async def test_a_permalink_leads_to_the_page(web: AsyncWebClient) -> None:
    """The link in a reminder opens in the same browser as everything else."""
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="notice")
    link = await web.chat_getPermalink(channel="C0APPROVALS", message_ts=posted["ts"])
    async with aiohttp.ClientSession() as session, session.get(link["permalink"]) as answer:
        assert answer.status == 200
        assert "Local Slack" in await answer.text()


async def test_people_and_groups_can_be_looked_up(web: AsyncWebClient) -> None:
    """What a policy needs to know about a reviewer: the person, the address, the members of a group."""
    assert (await web.users_info(user="U0ALICE"))["user"]["profile"]["email"] == "alice@example.com"
    assert (await web.users_lookupByEmail(email="BOB@example.com"))["user"]["id"] == "U0BOB"
    assert (await web.usergroups_list())["usergroups"][0]["handle"] == "reviewers"
    assert (await web.usergroups_users_list(usergroup="S0REVIEWERS"))["users"] == ["U0ALICE", "U0BOB"]
    assert (await refusal(web.users_info(user="U0X")))["error"] == "user_not_found"
    assert (await refusal(web.users_lookupByEmail(email="x@example.com")))["error"] == "users_not_found"
    assert (await refusal(web.usergroups_users_list(usergroup="S0X")))["error"] == "no_such_subteam"


async def test_lists_come_in_pages(web: AsyncWebClient) -> None:
    """A cursor leads from page to page, and nobody is left out or listed twice."""
    seen: list[str] = []
    async for page in await web.users_list(limit=1):
        seen += [user["id"] for user in page["members"]]
    assert sorted(seen) == sorted(["U0ALICE", "U0BOB", BOT_USER_ID])


async def test_conversations_are_those_that_the_app_may_see() -> None:
    """A private channel without the app is as good as not there."""
    async with local_slack(scopes={"channels:read", "groups:read"}) as slack:
        web = client_of(slack)
        listed = await web.conversations_list(types="public_channel,private_channel")
        assert "secret" not in [channel["name"] for channel in listed["channels"]]
        assert (await web.conversations_info(channel="C0APPROVALS"))["channel"]["is_member"]
        assert (await refusal(web.conversations_info(channel="C0SECRET")))["error"] == "channel_not_found"
        assert (await web.conversations_members(channel="C0ALICE"))["members"] == ["U0ALICE"]


async def test_every_call_is_logged_without_its_token(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A test can assert what was asked of Slack, and the log holds no secret."""
    await web.chat_postMessage(channel="C0APPROVALS", text="hi")
    await refusal(web.chat_postMessage(channel="C0NOWHERE", text="hi"))
    good, bad = slack.api_calls("chat.postMessage")
    assert (good.args["text"], good.error, bad.error) == ("hi", None, "channel_not_found")
    assert slack.bot_token not in str(slack.api_calls())
