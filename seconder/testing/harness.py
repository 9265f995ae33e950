"""`Harness`: run a session of your own agent against real parts, in a test.

    async with Harness("my_package:agent", Script(turns=[...])) as harness:
        session_id = await harness.start("Refund order 7.")
        await harness.approve("issue_refund")
        result = await harness.result(session_id)

Temporal's dev server, the workers and the gateway run as in `seconder dev`, in a process of their own started from the
checkout; Slack and the model are local servers in the test's process, so that the test can look into them.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from temporalio.client import Client

from seconder.agents import load_agents
from seconder.artifacts.opening import open_store, storage_location
from seconder.checkout import find_checkout, with_own_modules
from seconder.client import SeconderClient
from seconder.connection import connect
from seconder.contracts.calls import Call
from seconder.contracts.session import SessionRequest, SessionResult
from seconder.errors import ServiceError
from seconder.testing.model import Script, ScriptedModel
from seconder.testing.people import OpenCall, approve, deny, open_calls
from seconder.testing.slack import LocalChannel, LocalSlack, LocalUser

READY_WITHIN_SECONDS: Final = 90.0
DECIDES_WITHIN_SECONDS: Final = 30.0
REQUESTER: Final = "U0REQUESTER"
REVIEWER: Final = "U0REVIEWER"
_CHANNEL: Final = LocalChannel(id="C0APPROVALS", name="approvals")
_API_KEY: Final = "sk-local"


class Harness:
    """A whole Seconder for one app; an async context manager.

    `app` names agents as `package.module:attribute`, importable from the working directory or the checkout. `env` is
    added to the environment of the workers. `slack`, `model`, `client` and `temporal` are there once it is entered.

    Raises `ServiceError` on entering when the workers do not come up; the message holds their last words.
    """

    def __init__(self, app: str, *scripts: Script, env: Mapping[str, str] | None = None) -> None:
        people = [LocalUser(id=REQUESTER, name="requester"), LocalUser(id=REVIEWER, name="reviewer")]
        self.slack = LocalSlack(users=people, channels=[_CHANNEL])
        self.model = ScriptedModel(*scripts, api_key=_API_KEY)
        self._app = app
        self._env = dict(env or {})
        self._seen: set[str] = set()
        self._stack = AsyncExitStack()
        self._temporal: Client | None = None

    @property
    def temporal(self) -> Client:
        """The Temporal client, for whatever the harness has no word for."""
        if self._temporal is None:
            raise ServiceError("The harness is not running; enter it with `async with`.")
        return self._temporal

    @property
    def client(self) -> SeconderClient:
        """The client of sessions."""
        return SeconderClient(self.temporal)

    async def start(self, task: str, *, agent: str | None = None, **request: Any) -> str:  # noqa: ANN401
        """Start a session and give its id; the agent is the app's only one unless it is named."""
        name = agent or self._only_agent
        fields = {"agent": name, "task": task, "requester": REQUESTER, **request}
        handle = await self.client.start(SessionRequest.model_validate(fields))
        return handle.session_id

    async def waiting(self, tool: str) -> Call:
        """Wait for the next call of this tool, and leave it waiting: it is the one that is decided next."""
        found, call = await self._next(tool)
        self._seen.discard(found.pointer)
        return call

    async def _next(self, tool: str) -> tuple[OpenCall, Call]:
        """The first call of this tool that waits in Slack and was not decided here before."""

        def fresh() -> OpenCall | None:
            return next((call for call in open_calls(self.slack) if call.pointer not in self._seen), None)

        skipped: set[str] = set()
        try:
            while True:
                found = await self.slack.wait_until(fresh, timeout=DECIDES_WITHIN_SECONDS, what=f"a call of {tool}")
                self._seen.add(found.pointer)
                stored = await self._stored(found)
                if stored.tool == tool:
                    return found, stored
                skipped.add(found.pointer)
        finally:
            self._seen -= skipped

    async def approve(self, tool: str) -> Call:
        """Wait for the next call of this tool and approve it as the reviewer."""
        found, call = await self._next(tool)
        await approve(self.slack, REVIEWER, found)
        return call

    async def deny(self, tool: str, reason: str) -> Call:
        """Wait for the next call of this tool and deny it as the reviewer."""
        found, call = await self._next(tool)
        await deny(self.slack, REVIEWER, found, reason)
        return call

    async def result(self, session_id: str) -> SessionResult:
        """Wait for the session to end."""
        return await self.client.wait(session_id)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.slack)
            await stack.enter_async_context(self.model)
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="seconder-"))
            process = await self._start_workers(Path(folder))
            stack.push_async_callback(_stop, process)
            storage = storage_location(self._env.get("SECONDER_STORAGE", ""), self._env.get("SECONDER_DATA", folder))
            self._temporal = await connect(address=await _address(process, Path(folder)), storage=open_store(storage))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def _only_agent(self) -> str:
        agents = load_agents([self._app])
        if len(agents) != 1:
            raise ValueError(f"{self._app} has {len(agents)} agents; name the one to start.")
        return next(iter(agents))

    async def _stored(self, found: OpenCall) -> Call:
        for waiting in await self.client.approvals():
            if waiting.request_id == found.request_id and waiting.request is not None:
                call = waiting.request.call(found.digest)
                if call is not None:
                    return call
        raise ServiceError(f"Temporal has no open request for {found.pointer}.")

    async def _start_workers(self, folder: Path) -> asyncio.subprocess.Process:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SECONDER_", "TEMPORAL_"))}
        environment = with_own_modules(kept) | {
            # A profile of the developer's own would lead the test to another cluster.
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "SECONDER_APP": self._app,
            "SECONDER_CHANNEL": _CHANNEL.id,
            "SECONDER_DATA": str(folder),
            "SECONDER_REVIEWERS": REVIEWER,
            "SECONDER_SLACK_URL": self.slack.api_url,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "OPENAI_API_KEY": _API_KEY,
            "OPENAI_BASE_URL": self.model.base_url,
            **self._env,
        }
        with (folder / "workers.log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "workers", "dev", "--json", "--temporal-port", "0", "--ui-port", "0"),
                cwd=find_checkout(),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )


async def _address(process: asyncio.subprocess.Process, folder: Path) -> str:
    """Wait for the line in which the workers say where Temporal is."""
    if process.stdout is None:
        raise ServiceError("The workers have no standard output.")
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        said = await asyncio.to_thread((folder / "workers.log").read_text, errors="replace")
        raise ServiceError(f"The workers did not come up. They said:\n{said[-3000:]}")
    return str(json.loads(line)["temporal"])


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()
    await process.wait()
