"""Clicks over HTTP: only what Slack signed within five minutes is heard."""

import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from temporalio.testing import WorkflowEnvironment

from approvals.denial import CALLBACK, REASON_BLOCK
from approvals.gateway import Gateway
from approvals.http import BODY_MAX_BYTES, PATH, serve_http
from approvals.requests import Requests
from seconder.errors import ConfigurationError, ServiceError
from seconder.names import ACTION_APPROVE, ACTION_DETAILS
from seconder.testing.slack import sign, signed_headers
from tests.slack.gateway_desk import ANNA, OTTO, Case, Desk, open_desk

ACTIONS = "seconder.actions.1"

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
async def desk(temporal: WorkflowEnvironment) -> AsyncIterator[Desk]:
    async with open_desk(temporal.client, "http") as running:
        yield running


def approval_of(case: Case) -> dict[str, Any]:
    """The payload of Anna's click on Approve."""
    return {
        "type": "block_actions",
        "api_app_id": "A0LOCALAPP",
        "user": {"id": ANNA.id},
        "actions": [
            {
                "type": "button",
                "action_id": ACTION_APPROVE,
                "block_id": ACTIONS,
                "value": case.pointer(),
            }
        ],
        "container": {"type": "message", "channel_id": "C0APPROVALS"},
        "trigger_id": "1.2.3",
    }


def body_of(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


async def post(desk: Desk, body: bytes, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(desk.http_url + PATH, data=io.BytesIO(body), headers=FORM | headers) as response,
    ):
        return response.status


async def test_clicks_modals_and_answers_work_over_http(desk: Desk) -> None:
    """The whole conversation with Slack works over signed requests as it does over a socket."""
    case = await desk.request(calls=2)
    assert (await desk.click(case, ANNA)).acked
    view = await desk.slack.wait_for_view(ANNA.id) if await desk.click(case, ANNA, "seconder.deny", call=1) else None
    assert view is not None
    refused = await desk.slack.submit_view(ANNA.id, view.id, {REASON_BLOCK: " "})
    assert REASON_BLOCK in refused.errors
    assert (await desk.slack.submit_view(ANNA.id, view.id, {REASON_BLOCK: "No."})).acked
    assert [review.verdict for review in await desk.reviews(case)] == ["approve", "deny"]
    await desk.click(case, OTTO)
    await desk.slack.wait_for_ephemeral(OTTO.id, lambda message: "not a reviewer" in message.text)


async def test_a_signed_request_is_heard(desk: Desk) -> None:
    """The requests of the refusals below would be heard if they were signed well."""
    case = await desk.request()
    body = body_of(approval_of(case))
    assert await post(desk, body, signed_headers(desk.slack.signing_secret, body)) == 200
    assert len(await desk.reviews(case)) == 1


def _stamped(desk: Desk, body: bytes, seconds_ago: int) -> dict[str, str]:
    return signed_headers(desk.slack.signing_secret, body, int(time.time()) - seconds_ago)


@pytest.mark.parametrize(
    "forgery",
    [
        "unsigned",
        "other secret",
        "other body",
        "too old",
        "from the future",
        "no timestamp",
        "timestamp is no number",
        "timestamp in other digits",
        "signature is not ASCII",
        "empty signature",
        "other version",
        "body is not UTF-8",
    ],
)
async def test_a_request_that_slack_did_not_just_sign_is_refused(desk: Desk, forgery: str) -> None:
    """Bad, old and missing signatures get 401, and nothing is recorded."""
    case = await desk.request()
    body = body_of(approval_of(case))
    good = _stamped(desk, body, 0)
    timestamp, signature = good["X-Slack-Request-Timestamp"], good["X-Slack-Signature"]
    headers = {
        "unsigned": {},
        "other secret": signed_headers("another secret", body),
        "other body": good,
        "too old": _stamped(desk, body, 301),
        "from the future": _stamped(desk, body, -301),
        "no timestamp": {"X-Slack-Signature": signature},
        "timestamp is no number": good | {"X-Slack-Request-Timestamp": "now"},
        "timestamp in other digits": good | {"X-Slack-Request-Timestamp": timestamp.translate({ord("1"): 0x661})},
        "signature is not ASCII": good | {"X-Slack-Signature": "v0=é"},
        "empty signature": good | {"X-Slack-Signature": ""},
        "other version": good | {"X-Slack-Signature": signature.replace("v0=", "v1=")},
        "body is not UTF-8": good,
    }[forgery]
    if forgery == "other body":
        body = body.replace(b"approve", b"details")
    if forgery == "body is not UTF-8":
        body = b"payload=\xff"
        headers = headers | {"X-Slack-Signature": sign(desk.slack.signing_secret, body, int(timestamp))}
    assert await post(desk, body, headers) == 401
    assert await desk.reviews(case) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"api_app_id": "A0OTHERAPP"},
        {"api_app_id": None},
        {"user": {"id": ""}},
        {"user": {"id": "U0ANNA> <!channel"}},
        {"user": None},
        {"actions": []},
        {"actions": "approve"},
        {"actions": [{"type": "button", "action_id": ACTION_APPROVE, "block_id": ACTIONS}]},
        {"actions": [{"type": "button", "action_id": "other", "block_id": ACTIONS, "value": "x"}]},
        {"actions": [{"type": "button", "action_id": ACTION_APPROVE, "block_id": "another", "value": "x"}]},
        {"actions": [{"type": "button", "action_id": ACTION_APPROVE, "block_id": ACTIONS, "value": "x" * 2001}]},
        {"actions": [{"type": "button", "action_id": ACTION_DETAILS, "block_id": ACTIONS, "value": 1}]},
        {"container": None},
        {"type": 7},
        {"type": None},
        {"type": "view_submission", "view": {"callback_id": "other", "private_metadata": "", "state": {"values": {}}}},
        {"type": "view_submission", "view": {"callback_id": CALLBACK, "private_metadata": "", "state": "x"}},
        {"type": "view_submission", "view": {"callback_id": CALLBACK, "private_metadata": "x" * 3001, "state": {}}},
    ],
)
async def test_a_malformed_interaction_is_refused(desk: Desk, broken: dict[str, Any]) -> None:
    """What is not what Slack sends for this app gets 400, so that Slack says that it did not work."""
    case = await desk.request()
    body = body_of(approval_of(case) | broken)
    assert await post(desk, body, signed_headers(desk.slack.signing_secret, body)) == 400
    assert await desk.reviews(case) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"payload", b"payload=", b"payload=[1", b"other=1", b"payload=1&payload=2", b"payload=" + b"[" * 100_000],
    ids=["empty", "no value", "empty value", "no JSON", "other field", "two payloads", "deep"],
)
async def test_a_signed_body_that_is_no_interaction_is_refused(desk: Desk, body: bytes) -> None:
    """Garbage gets 400, whoever signed it."""
    assert await post(desk, body, signed_headers(desk.slack.signing_secret, body)) == 400


async def test_a_body_that_is_too_long_is_refused(desk: Desk) -> None:
    """Nobody can fill the gateway's memory with one request."""
    body = b"payload=" + b"x" * BODY_MAX_BYTES
    assert await post(desk, body, signed_headers(desk.slack.signing_secret, body)) == 413


async def test_health_can_be_asked_for(desk: Desk) -> None:
    """Whoever runs the gateway can see that it listens."""
    async with aiohttp.ClientSession() as session, session.get(f"{desk.http_url}/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok")


def _gateway(desk: Desk) -> Gateway:
    return Gateway(Requests(desk.client), desk.web, "A0LOCALAPP")


@pytest.mark.parametrize("secret", ["", "  "])
async def test_an_empty_signing_secret_stops_the_start(desk: Desk, secret: str) -> None:
    """Without a secret anyone could sign, so the gateway does not start."""
    with pytest.raises(ConfigurationError, match="SLACK_SIGNING_SECRET"):
        async with serve_http(_gateway(desk), secret, host="127.0.0.1", port=0):
            pass


async def test_a_taken_port_stops_the_start(desk: Desk) -> None:
    """A port in use is said in one sentence."""
    port = int(desk.http_url.rpartition(":")[2])
    with pytest.raises(ServiceError, match=f"cannot listen on 127.0.0.1:{port}"):
        async with serve_http(_gateway(desk), "secret", host="127.0.0.1", port=port):
            pass
