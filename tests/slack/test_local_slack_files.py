"""Uploads in the three steps that Slack now asks for."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from seconder.testing.slack import LocalSlack


async def test_the_sdk_uploads_a_file_into_a_thread(slack: LocalSlack, web: AsyncWebClient) -> None:
    """What is too long for a message can be given whole, under the notice that it belongs to."""
    parent = await web.chat_postMessage(channel="C0APPROVALS", text="notice")
    code = "print('hällo')\n" * 1000
    answer = await web.files_upload_v2(
        channel="C0APPROVALS", thread_ts=parent["ts"], content=code, filename="block.py", title="The whole block"
    )
    (file,) = slack.files
    assert file.content is not None
    assert file.content.decode() == code
    assert (file.id, file.title, file.shared_in) == (answer["file"]["id"], "The whole block", ("C0APPROVALS",))
    assert slack.messages("C0APPROVALS", thread_ts=parent["ts"])[-1].file_ids == (file.id,)


async def test_an_uploaded_page_is_served_as_text(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A file with HTML in it must not run in the page's origin."""
    answer = await web.files_upload_v2(channel="C0APPROVALS", content="<script>alert(1)</script>", filename="x.html")
    async with aiohttp.ClientSession() as session, session.get(answer["file"]["url_private"]) as served:
        assert served.content_type == "text/plain"
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert served.headers["Content-Security-Policy"] == "sandbox"


async def test_an_upload_of_another_length_is_refused(slack: LocalSlack, web: AsyncWebClient) -> None:
    """What was announced is what must arrive."""
    ticket = await web.files_getUploadURLExternal(filename="a.txt", length=10)
    async with aiohttp.ClientSession() as session, session.post(ticket["upload_url"], data=b"short") as answer:
        assert answer.status == 400
    with pytest.raises(SlackApiError, match="file_not_found"):
        await web.files_completeUploadExternal(files=[{"id": ticket["file_id"], "title": "a"}])
    assert slack.files == []


async def test_a_file_goes_only_where_the_app_may_write(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Unknown channels, unknown files and empty uploads are refused."""
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await web.files_upload_v2(channel="C0ELSEWHERE", content="x", filename="x.txt")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await web.files_upload_v2(channel="C0NOWHERE", content="x", filename="x.txt")
    with pytest.raises(SlackApiError, match="file_not_found"):
        await web.files_completeUploadExternal(files=[{"id": "F0NONE", "title": "a"}], channel_id="C0APPROVALS")
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await web.files_getUploadURLExternal(filename="a.txt", length=0)
    assert slack.messages("C0APPROVALS") == []
