"""The command line from a shell, against a real server and a real engine: what it prints and how it exits."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from seconder import names
from seconder.client import SeconderClient, SessionFailedError
from seconder.connection import DATA_CONVERTER
from seconder.contracts.session import SessionRequest
from seconder.testing import LocalChannel, LocalSlack, LocalUser, Script, ScriptedModel, function_call, refusal, text
from seconder.views import OpenRequest
from workers.engine import engine
from workers.settings import Settings

ANNA = LocalUser(id="U0ANNA", name="anna")
CHANNEL = LocalChannel(id="C0APPROVALS", name="approvals")
REFUND = function_call("issue_refund", {"order_id": 7, "amount_eur": "4.50", "reason": "arrived late"})
EVIL = "\x1b[31mred\x1b[0m [bold]markup[/bold] \u202edesrever"


@dataclass
class Shell:
    """Runs `seconder` as a process of its own, against one server."""

    address: str

    async def __call__(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", "from seconder.cli import main; main()"),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"TEMPORAL_ADDRESS": self.address, "COLUMNS": "200"},
        )
        output, errors = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()

    async def json(self, *arguments: str) -> Any:
        """The JSON that a command prints."""
        code, output, errors = await self(*arguments, "--json")
        assert code == 0, errors
        return json.loads(output)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A dev server of this module's own."""
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=shutil.which("temporal"),
        dev_server_extra_args=[f"--search-attribute={name}={kind}" for name, kind in names.SEARCH_ATTRIBUTES.items()],
        dev_server_log_level="error",
    ) as environment:
        yield environment


@pytest.fixture(scope="module")
async def model(server: WorkflowEnvironment) -> AsyncIterator[ScriptedModel]:
    """The model of an engine that works on the server."""
    async with LocalSlack(users=[ANNA], channels=[CHANNEL]) as slack, ScriptedModel() as model:
        settings = Settings().changed(
            app=("examples.support_desk:agent",),
            channel=CHANNEL.id,
            reviewers=(ANNA.id,),
            slack_url=slack.api_url,
            slack_bot_token=slack.bot_token,
            openai_api_key=model.api_key,
            openai_base_url=model.base_url,
        )
        async with engine(server.client, settings, cached_workflows=0):
            yield model


@pytest.fixture
def client(server: WorkflowEnvironment) -> SeconderClient:
    """The client, for what a test waits for."""
    return SeconderClient(server.client)


@pytest.fixture
def shell(server: WorkflowEnvironment) -> Shell:
    """The command line."""
    return Shell(server.client.service_client.config.target_host)


def says(model: ScriptedModel, task: str, *turns: list[Any]) -> str:
    """Let the model say this in the session with this task; gives the task."""
    model.add(Script(turns, when=lambda request: json.dumps(task)[1:-1] in json.dumps(request.body["input"])))
    return task


async def test_start_and_wait_prints_the_answer_alone(shell: Shell, model: ScriptedModel) -> None:
    """A script gets the answer on stdout and nothing else there; what goes on is told on stderr."""
    task = says(model, "greet the world", [text("Hello [bold]world[/bold].\nBye.")])
    code, output, errors = await shell("start", "support-desk", task, "--requester", "U0RITA", "--wait")
    assert (code, output) == (0, "Hello [bold]world[/bold].\nBye.\n")
    assert "has started" in errors


async def test_an_answer_in_the_shape_of_a_schema_is_printed_as_json(
    shell: Shell, model: ScriptedModel, tmp_path: Any
) -> None:
    """What a schema asked for comes out as JSON that another program can read."""
    schema = tmp_path / "schema.json"
    schema.write_text(
        json.dumps(
            {
                "type": "object",
                "properties": {"total": {"type": "integer"}},
                "required": ["total"],
                "additionalProperties": False,
            }
        )
    )
    task = says(model, "add it up", [text('{"total": 42}')])
    arguments = ("start", "support-desk", task, "--requester", "U0RITA", "--wait", "--schema", str(schema))
    code, output, errors = await shell(*arguments)
    assert code == 0, errors
    assert json.loads(output) == {"total": 42}


async def test_a_session_that_does_not_complete_exits_with_1(shell: Shell, model: ScriptedModel) -> None:
    """Refused is not completed, and neither is failed; both say why on stderr."""
    task = says(model, "do harm", [refusal("I will not do that.")])
    code, output, errors = await shell("start", "support-desk", task, "--requester", "U0RITA", "--wait")
    assert (code, output) == (1, "")
    assert "I will not do that." in errors
    code, output, errors = await shell("start", "nobody", "anything", "--requester", "U0RITA", "--wait")
    assert (code, output) == (1, "")
    assert "'nobody'" in errors
    assert "Traceback" not in errors


async def test_a_waiting_session_is_seen_from_every_side(
    shell: Shell, model: ScriptedModel, client: SeconderClient
) -> None:
    """List, show and approvals agree on what waits, for whom, and that the notice is posted."""
    task = says(model, f"refund order seven {EVIL}", [REFUND])
    code, output, _ = await shell("start", "support-desk", task, "--requester", "U0RITA", "--id", "seven")
    assert (code, output) == (0, "seven\n")
    await posted(client, "seven")
    (waiting,) = await shell.json("approvals")
    assert waiting["request"]["calls"][0]["arguments"]["amount_eur"] == "4.50"
    assert waiting["request"]["reviewers"] == ["U0ANNA"]
    assert waiting["state"]["notice"]["channel"] == CHANNEL.id
    shown = await shell.json("show", "seven")
    assert shown["state"]["status"] == "waiting_for_approval"
    assert shown["state"]["waiting"][0]["tools"] == ["issue_refund"]
    assert shown["transcript"][0]["kind"] == "task"
    (listed,) = await shell.json("list", "--state", "waiting_for_approval")
    assert listed["session_id"] == "seven"
    for command in (["list"], ["show", "seven"], ["approvals"]):
        code, output, errors = await shell(*command)
        assert code == 0, errors
        assert "seven" in output
        assert not any(character in output + errors for character in "\x1b\u202e"), command
    assert "issue_refund(" in output
    assert "posted" in output


async def test_cancel_takes_back_what_waits(shell: Shell, model: ScriptedModel, client: SeconderClient) -> None:
    """A cancelled session ends, its request with it, and a second cancel says that it has ended."""
    task = says(model, "refund order eight", [REFUND])
    await shell("start", "support-desk", task, "--requester", "U0RITA", "--id", "eight")
    await posted(client, "eight")
    assert (await shell("cancel", "eight"))[0] == 0
    with pytest.raises(SessionFailedError, match="Session eight was cancelled"):
        await client.wait("eight")
    assert not [waiting for waiting in await client.approvals() if waiting.request_id.startswith("approval-eight-")]
    code, _, errors = await shell("cancel", "eight")
    assert code == 2
    assert "Session eight has ended (cancelled at " in errors
    code, output, _ = await shell("show", "eight")
    assert code == 0
    assert "It was cancelled." in output


async def test_send_gives_the_model_another_turn(shell: Shell, model: ScriptedModel, client: SeconderClient) -> None:
    """A session that waits for a message answers one that is read from standard input."""
    task = says(model, "stay around", [text("I am here.")], [text("You said hello.")])
    arguments = ("start", "support-desk", task, "--requester", "U0RITA", "--id", "chat", "--idle", "60")
    assert (await shell(*arguments))[0] == 0
    code, _, errors = await shell("send", "chat", "-", "--sender", "U0RITA", stdin="hello\n")
    assert code == 0, errors
    async with asyncio.timeout(30):
        while "You said hello." not in [entry.text for entry in (await client.show("chat")).transcript]:
            pass


async def test_a_session_from_any_temporal_client_is_no_different(
    shell: Shell, model: ScriptedModel, client: SeconderClient
) -> None:
    """Temporal's own command line starts one with a line of JSON; ours shows it and its result."""
    task = says(model, "from elsewhere", [text("Done elsewhere.")])
    temporal = shutil.which("temporal")
    assert temporal
    process = await asyncio.create_subprocess_exec(
        *(temporal, "workflow", "start", "--address", shell.address, "--type", "AgentSession"),
        *("--task-queue", "seconder", "--workflow-id", "session-elsewhere"),
        *("--input", json.dumps({"agent": "support-desk", "task": task, "requester": "U0RITA"})),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    result = await client.wait("elsewhere")
    assert result.output == "Done elsewhere."
    shown = await shell.json("show", "elsewhere")
    assert shown["request"]["task"] == task
    assert shown["result"]["status"] == "completed"


async def posted(client: SeconderClient, session_id: str) -> OpenRequest:
    """The session's open request, as soon as its notice stands in Slack."""
    async with asyncio.timeout(30):
        while True:
            for waiting in await client.approvals():
                if waiting.request_id.startswith(f"approval-{session_id}-") and waiting.state and waiting.state.notice:
                    return waiting


async def test_the_request_model_is_what_any_client_sends() -> None:
    """The JSON above is what `SessionRequest` writes, so that the documentation of one holds for the other."""
    sent = SessionRequest(agent="a", task="t", requester="U1").model_dump(mode="json", exclude_defaults=True)
    assert sent == {"agent": "a", "task": "t", "requester": "U1"}
