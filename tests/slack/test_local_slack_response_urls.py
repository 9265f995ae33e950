"""`response_url`: an answer without a token, for a while and a few times."""

from slack_sdk.webhook.async_client import AsyncWebhookClient

from seconder.testing.slack import LocalSlack, Timings
from tests.slack.conftest import App, buttons, client_of, local_slack


async def clicked(slack: LocalSlack) -> tuple[AsyncWebhookClient, str]:
    """A client for the response URL of a click, and the timestamp of the message that was clicked."""
    posted = await client_of(slack).chat_postMessage(channel="C0APPROVALS", text="waits", blocks=[buttons("approve")])
    delivery = await slack.click("U0ALICE", message_ts=posted["ts"], action_id="approve")
    return AsyncWebhookClient(delivery.payload["response_url"], retry_handlers=[]), posted["ts"]


async def test_an_answer_is_for_the_person_unless_it_says_otherwise(slack: LocalSlack, app: App) -> None:
    """Ephemeral by default; `in_channel` for everybody."""
    url, _ = await clicked(slack)
    await url.send(text="only you")
    await url.send(text="all of you", response_type="in_channel")
    assert [message.text for message in slack.ephemerals("U0ALICE")] == ["only you"]
    assert [message.text for message in slack.messages("C0APPROVALS")] == ["waits", "all of you"]
    assert len(app.received) == 1


async def test_the_message_that_was_clicked_can_be_replaced_and_deleted(slack: LocalSlack, app: App) -> None:
    """For everybody, as with `chat.update`."""
    url, ts = await clicked(slack)
    await url.send(text="approved", replace_original=True)
    message = slack.message("C0APPROVALS", ts)
    assert (message.text, message.elements) == ("approved", [])
    await url.send(delete_original=True)
    assert message.deleted
    assert len(app.received) == 1


async def test_an_ephemeral_can_be_dismissed_through_its_click(slack: LocalSlack, app: App) -> None:
    """The only way to change an ephemeral on Slack."""
    await app.web.chat_postEphemeral(channel="C0APPROVALS", user="U0ALICE", text="psst", blocks=[buttons("ok")])
    shown = await slack.wait_for_ephemeral("U0ALICE")
    delivery = await slack.click("U0ALICE", message_ts=shown.ts, action_id="ok")
    await AsyncWebhookClient(delivery.payload["response_url"]).send(delete_original=True)
    assert slack.ephemerals("U0ALICE") == []


async def test_the_sixth_use_is_refused(slack: LocalSlack, app: App) -> None:
    """Five uses, as on Slack, and a refused body is one of them."""
    url, _ = await clicked(slack)
    statuses = [(await url.send(text="x")).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [404]
    assert len(slack.ephemerals("U0ALICE")) == 5
    assert len(app.received) == 1


async def test_an_old_url_is_refused() -> None:
    """Half an hour on Slack, nothing here, so that the test need not wait."""
    async with local_slack(timings=Timings(response_url=0.0)) as slack:
        url, _ = await clicked(slack)
        answer = await url.send(text="too late")
        assert (answer.status_code, "expired_url" in answer.body) == (404, True)
        assert slack.ephemerals("U0ALICE") == []


async def test_blocks_are_checked_here_too(slack: LocalSlack, app: App) -> None:
    """What `chat.postMessage` refuses does not get in by the side door."""
    url, _ = await clicked(slack)
    answer = await url.send(text="x", blocks=[{"type": "header"}])
    assert (answer.status_code, "missing required field: text" in answer.body) == (400, True)
    assert slack.ephemerals("U0ALICE") == []
    assert len(app.received) == 1
