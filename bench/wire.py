"""Stands between the openai client and a model and notes what passes, so that every lane is measured at one place.

A request is counted as it was sent: the whole JSON body, whatever it holds, as UTF-8 through o200k_base, without the
HTTP headers. What the model says is counted as it generates it: the text of its messages, the name and the arguments
of its calls, and as many reasoning tokens as the response reports. A model's own bill differs: the API renders tools
and items in a form that it does not publish. The same rule for every lane is what a comparison needs.
"""

import functools
import json
import time
import warnings
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import ClientSession, ClientTimeout, web

_HOST: Final = "127.0.0.1"
_PASSED_ON: Final = ("Authorization", "Content-Type")
_PATIENCE_SECONDS: Final = 600


@dataclass(frozen=True)
class Exchange:
    """One request and its response; `seconds` is how long the model took."""

    request: bytes
    status: int
    response: dict[str, Any]
    seconds: float

    @property
    def input_tokens(self) -> int:
        """Of the whole body as it was sent."""
        return tokens(self.request.decode())

    @property
    def output_tokens(self) -> int:
        """Of what the model said, and what it reports to have reasoned."""
        details = (self.response.get("usage") or {}).get("output_tokens_details") or {}
        said = sum(tokens(text) for item in self.response.get("output") or [] for text in _texts_of(item))
        return said + int(details.get("reasoning_tokens") or 0)


@dataclass
class Wire:
    """A proxy on loopback in front of `upstream`, the base URL of a model; an async context manager.

    `exchanges` holds what passed, in order; empty it to begin a new measurement.
    """

    upstream: str
    exchanges: list[Exchange] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _session: ClientSession | None = None

    @property
    def base_url(self) -> str:
        """What the openai client takes as `base_url`; known once entered."""
        if self._runner is None:
            raise RuntimeError("Enter the wire with `async with` first.")
        return f"http://{_HOST}:{self._runner.addresses[0][1]}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/responses", self._pass_on)
        self._session = ClientSession(timeout=ClientTimeout(total=_PATIENCE_SECONDS))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        if self._session is None:
            raise RuntimeError("The wire was closed.")
        sent = await request.read()
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        began = time.perf_counter()
        async with self._session.post(f"{self.upstream}/responses", data=sent, headers=headers) as answered:
            received = await answered.read()
        took = time.perf_counter() - began
        self.exchanges.append(Exchange(sent, answered.status, _object_in(received), took))
        return web.Response(body=received, status=answered.status, content_type=answered.content_type)


def tokens(text: str) -> int:
    """How many tokens of o200k_base a text has; what looks like a special token is plain text."""
    return len(_encoding().encode_ordinary(text))


@functools.cache
def _encoding() -> Any:  # noqa: ANN401 - the package has no types
    with warnings.catch_warnings():
        # It opens its ranks by a function of the standard library that is deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai  # type: ignore[import-untyped]  # noqa: PLC0415 - for the line above

        return bpe_openai.get_encoding("o200k_base")


def _texts_of(item: dict[str, Any]) -> list[str]:
    if item.get("type") == "function_call":
        return [item["name"], item["arguments"]]
    return [str(part.get("text") or part.get("refusal") or "") for part in item.get("content") or []]


def _object_in(received: bytes) -> dict[str, Any]:
    try:
        found = json.loads(received)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
