"""`check` against real servers: everything well, and each thing that can be wrong, with the way to mend it."""

import asyncio
import json
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from seconder import names
from seconder.connection import DATA_CONVERTER, connect
from seconder.errors import ConfigurationError
from seconder.testing import LocalChannel, LocalSlack, LocalUser, ScriptedModel
from workers.check import all_probes, check, findings_of
from workers.engine import engine
from workers.probes.base import Finding, Probe
from workers.queues import describe_queue, polling
from workers.search_attributes import ensure_search_attributes, missing_search_attributes, require_search_attributes
from workers.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ANNA = LocalUser(id="U0ANNA", name="anna", real_name="Anna Approver")
GONE = LocalUser(id="U0GONE", name="gone", deleted=True)
ROBOT = LocalUser(id="U0ROBOT", name="robot", is_bot=True)
CHANNEL = LocalChannel(id="C0APPROVALS", name="approvals")
ARCHIVED = LocalChannel(id="C0OLD", name="old", is_archived=True)
FOREIGN = LocalChannel(id="C0FOREIGN", name="foreign", app_is_member=False)
SCOPES = {
    *("chat:write", "commands", "files:write", "im:write", "usergroups:read", "users:read", "users:read.email"),
    "channels:read",
}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A dev server of this module's own, as it comes: without our search attributes."""
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=shutil.which("temporal"),
        dev_server_log_level="error",
    ) as environment:
        yield environment


@pytest.fixture(autouse=True)
def address(server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> str:
    """Temporal is where the environment says."""
    found: str = server.client.service_client.config.target_host
    monkeypatch.setenv("TEMPORAL_ADDRESS", found)
    return found


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    """A workspace with people and channels of every kind."""
    async with LocalSlack(users=[ANNA, GONE, ROBOT], channels=[CHANNEL, ARCHIVED, FOREIGN], scopes=SCOPES) as slack:
        yield slack


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    """A model's server."""
    async with ScriptedModel() as model:
        yield model


@pytest.fixture
def settings(slack: LocalSlack, model: ScriptedModel, tmp_path: Path) -> Settings:
    """Settings with which everything works."""
    return Settings().changed(
        app=("examples.support_desk:agent",),
        data=tmp_path,
        channel=CHANNEL.id,
        reviewers=(ANNA.id,),
        slack_url=slack.api_url,
        slack_bot_token=slack.bot_token,
        slack_app_token=slack.app_token,
        openai_api_key=model.api_key,
        openai_base_url=model.base_url,
    )


async def finding(settings: Settings, name: str) -> Finding:
    """What one probe finds."""
    (probe,) = [probe for probe in all_probes(settings) if probe.name == name]
    (found,) = await findings_of(settings, [probe])
    return found


async def new_namespace(address: str, name: str) -> Client:
    """A client of a new namespace, made as the deployment makes it."""
    await run("sh", str(ROOT / "deploy/temporal/namespace.sh"), TEMPORAL_ADDRESS=address, TEMPORAL_NAMESPACE=name)
    return await connect(address=address, namespace=name)


async def run(*command: str, **environment: str) -> None:
    beside_python = str(Path(sys.executable).parent)
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environment | {"PATH": beside_python + os.pathsep + os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


@asynccontextmanager
async def working_engine(client: Client, settings: Settings) -> AsyncIterator[None]:
    """An engine whose first poll has reached Temporal."""
    async with engine(client, settings), asyncio.timeout(30) as patience:
        while not polling(await describe_queue(client, names.ENGINE_QUEUE)):
            pass
        patience.reschedule(None)
        yield


async def test_the_engine_is_stopped_with_the_command_that_mends_it(server: WorkflowEnvironment) -> None:
    """Without the search attributes start-up ends; the command in the message, run as it stands, mends it."""
    with pytest.raises(ConfigurationError) as refusal:
        await require_search_attributes(server.client)
    command = str(refusal.value).partition("Register them with\n")[2]
    await run(*shlex.split(command))
    await require_search_attributes(server.client)


async def test_the_deployment_makes_a_namespace_that_the_engine_accepts(address: str) -> None:
    """The script of the deployment creates everything, and changes nothing when it runs again."""
    client = await new_namespace(address, "deployed")
    await require_search_attributes(client)
    assert await ensure_search_attributes(client) == {}
    await new_namespace(address, "deployed")


async def test_an_attribute_of_another_type_is_told_apart_from_a_missing_one(address: str) -> None:
    """Registering it again would not help, so the message does not say so."""
    await run("temporal", "operator", "namespace", "create", "--address", address, "--namespace", "twisted")
    create = ("temporal", "operator", "search-attribute", "create", "--address", address, "--namespace", "twisted")
    await run(*create, "--name", names.SEARCH_TOOL, "--type", "Keyword")
    with pytest.raises(ConfigurationError, match=f"{names.SEARCH_TOOL} with another type"):
        await missing_search_attributes(await connect(address=address, namespace="twisted"))


async def test_all_is_well(server: WorkflowEnvironment, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """With everything in place nothing fails, and what only wants workers says how to start them."""
    await ensure_search_attributes(server.client)
    async with working_engine(server.client, settings):
        assert await check(settings, as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    status = {found["name"]: found["status"] for found in report["findings"]}
    assert report["ok"]
    assert status.pop("queue seconder-code") == status.pop("queue seconder-tools") == "warning"
    assert set(status.values()) == {"ok"}, report
    text = {found["name"]: found["text"] for found in report["findings"]}
    assert "Anna Approver (U0ANNA)" in text["reviewers"]
    assert "#approvals" in text["slack channel"]
    assert text["storage"] == str(settings.data / "artifacts")
    assert "6 reads, 3 side-effecting tools" in text["agents"]


async def test_the_table_is_for_people(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Each service is named, a failure makes the exit code 1, and the way to mend it stands on a line of its own."""
    assert await check(settings.changed(reviewers=("U0GONE",))) == 1
    shown = capsys.readouterr().out
    assert "The account of U0GONE is deactivated." in shown
    assert "\nreviewers: Take U0GONE out of SECONDER_REVIEWERS" in shown


@pytest.mark.parametrize(
    ("changes", "probe", "text", "how_to_fix"),
    [
        ({"slack_bot_token": ""}, "slack bot token", "SLACK_BOT_TOKEN is not set", "OAuth & Permissions"),
        ({"slack_bot_token": "xoxb-wrong"}, "slack bot token", "does not know this token", "Copy it again"),
        ({"slack_bot_token": ""}, "reviewers", "Not looked at", ""),
        ({"slack_url": "http://127.0.0.1:1/"}, "slack bot token", "Slack cannot be reached", "SECONDER_SLACK_URL"),
        ({"slack_app_token": ""}, "slack clicks", "SLACK_APP_TOKEN is not set", "connections:write"),
        ({"slack_app_token": "xapp-wrong"}, "slack clicks", "does not know this token", "Copy it again"),
        ({"slack_mode": "http"}, "slack clicks", "no SLACK_SIGNING_SECRET", "Basic Information"),
        ({"channel": ""}, "slack channel", "SECONDER_CHANNEL is not set", "Copy the id"),
        ({"channel": "C0NOWHERE"}, "slack channel", "no such channel", "SECONDER_CHANNEL"),
        ({"channel": "C0OLD"}, "slack channel", "#old is archived", "another channel"),
        ({"channel": "C0FOREIGN"}, "slack channel", "not in #foreign", "/invite"),
        (
            {"reviewers": ()},
            "reviewers",
            "SECONDER_REVIEWERS is not set: nothing could ever",
            "Set it to Slack user ids",
        ),
        ({"reviewers": ("U0ANNA", "U0NOBODY")}, "reviewers", "U0NOBODY: There is no such person", "SECONDER_REVIEWERS"),
        ({"reviewers": ("U0ROBOT",)}, "reviewers", "U0ROBOT is a bot", "Take U0ROBOT out"),
        ({"openai_api_key": ""}, "model", "OPENAI_API_KEY is not set", "Set it"),
        ({"openai_api_key": "sk-wrong-key"}, "model", "refuses the key", "OPENAI_API_KEY"),
        ({"openai_base_url": "http://127.0.0.1:1/v1"}, "model", "cannot be reached", "OPENAI_BASE_URL"),
        ({"app": ()}, "agents", "No agents are named", "SECONDER_APP"),
        ({"storage": "/dev/null/artifacts"}, "storage", "cannot be written to: Not a directory", ""),
        ({"storage": "gs://bucket"}, "storage", "SECONDER_STORAGE: Artifacts cannot be kept at gs://", ""),
        ({"app": ("nowhere:agent",)}, "agents", "'nowhere:agent' cannot be imported", ""),
    ],
)
async def test_what_is_wrong_is_said_with_the_way_to_mend_it(
    settings: Settings, changes: dict[str, object], probe: str, text: str, how_to_fix: str
) -> None:
    """One finding for one mistake, in the words of the variable that mends it."""
    found = await finding(settings.changed(**changes), probe)
    assert found.status == "failed"
    assert text in found.text
    assert how_to_fix in found.how_to_fix


async def test_missing_scopes_are_named_with_what_they_are_for(settings: Settings) -> None:
    """What is needed fails, what is only useful is a warning, and both are named."""
    async with LocalSlack(users=[ANNA], channels=[CHANNEL], scopes={"chat:write", "users:read"}) as slack:
        found = await finding(settings.changed(slack_url=slack.api_url), "slack bot token")
        assert (found.status, "files:write (show what is too long" in found.text) == ("failed", True)
    needed = {"chat:write", "users:read", "files:write"}
    async with LocalSlack(users=[ANNA], channels=[CHANNEL], scopes=needed) as slack:
        found = await finding(settings.changed(slack_url=slack.api_url), "slack bot token")
        assert (found.status, "usergroups:read" in found.text) == ("warning", True)
        found = await finding(settings.changed(slack_url=slack.api_url), "slack channel")
        assert (found.status, "cannot be seen" in found.text) == ("warning", True)


async def test_a_model_that_the_server_does_not_list_is_pointed_out(settings: Settings) -> None:
    """It may work nevertheless on a compatible server, so it is a warning."""
    async with ScriptedModel(models=("another",)) as model:
        found = await finding(settings.changed(openai_base_url=model.base_url), "model")
    assert (found.status, "does not list gpt-5.1" in found.text) == ("warning", True)


async def test_without_temporal_the_rest_is_still_looked_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence says how to reach Temporal; the others say that they were not looked at."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    probes = [probe for probe in all_probes(settings) if probe.name in ("temporal", "search attributes", "reviewers")]
    temporal, attributes, reviewers = await findings_of(settings, probes)
    assert "No Temporal server answers at 127.0.0.1:1" in temporal.text
    assert attributes.text == "Not looked at, because Temporal cannot be reached."
    assert reviewers.status == "ok"


async def test_no_probe_can_stop_the_others_or_repeat_a_secret(settings: Settings) -> None:
    """A probe that raises or hangs becomes a finding, without the secrets that its error holds."""

    async def leak() -> Finding:
        raise RuntimeError(f"Bad header: Bearer {settings.slack_bot_token.get_secret_value()}-and-more xapp-1-A0B1C2")

    async def hang() -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    leaked, hung = await findings_of(settings, [Probe("leak", leak), Probe("hang", hang, seconds=0.05)])
    assert leaked.status == hung.status == "failed"
    assert "RuntimeError: Bad header: Bearer [redacted]" in leaked.text
    assert "xoxb" not in leaked.text
    assert "xapp" not in leaked.text
    assert "no answer within" in hung.text


async def test_a_container_is_healthy_while_its_worker_polls(
    server: WorkflowEnvironment, settings: Settings, address: str
) -> None:
    """The health check sees this machine's worker, says so when there is none, and needs none for the gateway."""
    await ensure_search_attributes(server.client)

    async def health(*arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workers.health", *arguments),
            cwd=ROOT,
            env=os.environ | {"TEMPORAL_ADDRESS": address},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        return process.returncode, said.decode()

    async with working_engine(server.client, settings):
        assert await health(names.ENGINE_QUEUE) == (0, "")
    code, said = await health(names.CODE_QUEUE)
    assert code == 1
    assert f"polls {names.CODE_QUEUE}" in said
    assert await health() == (0, "")
