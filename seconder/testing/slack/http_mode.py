"""HTTP mode: payloads are POSTed to the app's request URL, signed as Slack signs them."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode, urlsplit

import aiohttp

from seconder.errors import ConfigurationError
from seconder.testing.slack.guard import is_loopback
from seconder.testing.slack.records import Json


class RequestFailedError(Exception):
    """The app's request URL was not reached or did not answer 200."""


def sign(secret: str, body: bytes, timestamp: int) -> str:
    """`X-Slack-Signature` for the raw body: HMAC-SHA256 over `v0:{timestamp}:{body}`."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signed_headers(secret: str, body: bytes, timestamp: int | None = None) -> dict[str, str]:
    """The headers that make the body a request from Slack; an old `timestamp` (Unix seconds) makes a stale one."""
    at = int(time.time()) if timestamp is None else timestamp
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": sign(secret, body, at)}


class HttpMode:
    """POSTs to one URL on this machine."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def send(self, url: str, kind: str, payload: Json, retry: Json) -> Json | None:
        """Send the payload and return the JSON of the answer, None when it has no body."""
        content_type, body = _body(kind, payload)
        headers = signed_headers(self._secret, body) | {"Content-Type": content_type}
        if retry:
            headers |= {
                "X-Slack-Retry-Num": str(retry["retry_attempt"]),
                "X-Slack-Retry-Reason": retry["retry_reason"],
            }
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                text = await response.text()
                if response.status != 200:
                    raise RequestFailedError(f"the app answered {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RequestFailedError(f"the app was not reached: {error}") from error
        return _parsed(text)


def loopback_url(url: str) -> str:
    """The URL, which must lie on this machine: the local Slack sends nothing elsewhere."""
    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        raise ConfigurationError(
            f"the request URL {url!r} is not on this machine; the local Slack sends only to 127.0.0.1, ::1 or localhost"
        )
    return url


def _body(kind: str, payload: Json) -> tuple[str, bytes]:
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def _parsed(text: str) -> Json | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {"text": text} if text.strip() else None
    return parsed if isinstance(parsed, dict) else None
