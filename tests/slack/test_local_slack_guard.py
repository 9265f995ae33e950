"""Only this machine, and no other site's page, reaches the local Slack."""

import json
from typing import Any

import aiohttp
import pytest

from seconder.errors import ConfigurationError, ServiceError
from seconder.testing.slack import LocalSlack
from tests.slack.conftest import local_slack

FORGE = json.dumps({"user": "U0ALICE", "channel": "C0APPROVALS", "text": "forged"})


async def attempt(url: str, method: str = "POST", **kwargs: Any) -> int:
    """The status with which a request is answered."""
    async with aiohttp.ClientSession() as session, session.request(method, url, **kwargs) as answer:
        return answer.status


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])  # noqa: S104
def test_it_binds_to_loopback_only(host: str) -> None:
    """Whoever reaches it can act as anybody, so nobody else may reach it."""
    with pytest.raises(ConfigurationError, match="loopback only"):
        local_slack(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_every_loopback_address_will_do(host: str) -> None:
    """The page opens under the address that was asked for."""
    async with local_slack(host=host) as slack:
        assert await attempt(slack.page_url, "GET") == 200


async def test_a_port_in_use_is_said_clearly(slack: LocalSlack) -> None:
    """The sentence names the address and what to do."""
    port = int(slack.page_url.rsplit(":", 1)[1].rstrip("/"))
    with pytest.raises(ServiceError, match=f"127.0.0.1:{port}: the port is in use; stop the program"):
        async with local_slack(port=port):
            pass


async def test_a_port_can_be_used_again_after_it_was_left() -> None:
    """A demo that is started twice in a row gets its port."""
    async with local_slack() as first:
        port = int(first.page_url.rsplit(":", 1)[1].rstrip("/"))
    async with local_slack(port=port) as second:
        assert await attempt(second.page_url, "GET") == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil"])
@pytest.mark.parametrize("path", ["", "api/auth.test", "_local/live", "_local/message"])
async def test_a_name_that_points_here_is_not_enough(slack: LocalSlack, host: str, path: str) -> None:
    """DNS rebinding: the browser thinks that it talks to the attacker's site."""
    headers = {"Host": host, "Content-Type": "application/json"}
    method = "POST" if path in ("api/auth.test", "_local/message") else "GET"
    assert await attempt(f"{slack.page_url}{path}", method, headers=headers, data=FORGE) == 403
    assert slack.messages("C0APPROVALS") == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"])
@pytest.mark.parametrize("path", ["_local/message", "_local/forge", "api/chat.postMessage", "actions/x", "upload/v1/x"])
async def test_another_sites_page_cannot_act(slack: LocalSlack, origin: str, path: str) -> None:
    """Every request from another origin is refused, whatever it asks for."""
    headers = {"Origin": origin, "Content-Type": "application/json"}
    assert await attempt(f"{slack.page_url}{path}", headers=headers, data=FORGE) == 403
    assert slack.messages("C0APPROVALS") == []


async def test_another_sites_page_cannot_listen(slack: LocalSlack) -> None:
    """A WebSocket needs no permission from a browser, so the server has to refuse it."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{slack.page_url}_local/live", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403


async def test_the_page_and_programs_can_act(slack: LocalSlack) -> None:
    """The page's own origin, and a program without any."""
    for headers in ({"Origin": slack.page_url.rstrip("/")}, {}):
        allowed = headers | {"Content-Type": "application/json"}
        assert await attempt(f"{slack.page_url}_local/message", headers=allowed, data=FORGE) == 200
    assert len(slack.messages("C0APPROVALS")) == 2


async def test_a_form_cannot_act(slack: LocalSlack) -> None:
    """A form can be posted across origins without asking; JSON cannot."""
    assert await attempt(f"{slack.page_url}_local/message", data={"user": "U0ALICE"}) == 415
    assert slack.messages("C0APPROVALS") == []
