"""What workers refuse by themselves, whatever they are told: answers of a model, and reads that nobody approved."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from pydantic import ValidationError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.blocks import BlockRunner
from activities.model import Model
from activities.workspace import Workspaces
from sandbox.backends.eryx import EryxSandbox
from sandbox.protocol import BlockLimits, SandboxUnavailable
from seconder import Agent, Effect, tool
from seconder.artifacts import FolderStore
from seconder.contracts.block_settings import BlockSettings, Mount
from seconder.contracts.blocks import BlockRun
from seconder.contracts.calls import Call, Decision
from seconder.contracts.definitions import ReviewPolicy
from seconder.contracts.model import ModelRequest
from seconder.testing.model import Item, Script, ScriptedModel, function_call, text
from workers.probes.sandboxes import sandbox_probes
from workers.sandboxes import sandboxes
from workers.settings import Settings


@tool(effect=Effect.READ_SENSITIVE)
def salary_of(person: str) -> str:
    """What a person earns."""
    return f"{person}: enough"


AGENT = Agent(name="clerk", version="1", instructions="Work.", model="gpt-5.1", tools=[salary_of])
REQUEST = ModelRequest(
    session_id="s",
    definition=AGENT.define(ReviewPolicy(reviewers=("U0ANNA",))),
    items=({"role": "user", "content": "Do it."},),
)


async def _refusal_of(*answer: Item) -> ApplicationError:
    async with (
        ScriptedModel(Script([list(answer)]), api_key="sk-test") as server,
        AsyncOpenAI(api_key="sk-test", base_url=server.base_url, max_retries=0) as client,
    ):
        with pytest.raises(ApplicationError) as raised:
            await ActivityEnvironment().run(Model(client).ask_model, REQUEST)
    return raised.value


async def test_a_response_whose_calls_share_an_id_is_asked_for_again() -> None:
    """Nothing of it runs: the model could not be told which of the two came out how."""
    refusal = await _refusal_of(function_call("a", {}, call_id="same"), function_call("b", {}, call_id="same"))
    assert (refusal.type, refusal.non_retryable) == ("ModelGarbage", False)


async def test_the_length_of_a_response_is_counted_in_bytes() -> None:
    """Temporal counts so, and would refuse the answer again at each of thirty attempts, each of which costs tokens."""
    refusal = await _refusal_of(text("語" * 180_000))
    assert (refusal.type, refusal.non_retryable) == ("ModelAnswer", True)


async def test_no_worker_reads_sensitive_data_under_an_automatic_decision(tmp_path: Path) -> None:
    """Only a person lets a block read those, whoever says otherwise."""
    call = Call(
        session_id="s",
        call_id="c1",
        agent="clerk",
        agent_version="1",
        tool="execute_code",
        tool_version="1",
        arguments={"code": "salary_of(person='Ada')", "tools": ["salary_of"]},
        effect=Effect.READ,
    )
    decision = Decision(digest=call.digest, kind="automatic", at=datetime.now(UTC))
    run = BlockRun(call=call, decision=decision, grant=(salary_of.spec,), settings=BlockSettings())
    runner = BlockRunner(
        {"default": EryxSandbox(cache=tmp_path)},
        Workspaces(FolderStore(tmp_path), tmp_path),
        {"clerk": AGENT},
        "worker",
    )
    with pytest.raises(ApplicationError, match="nobody was asked whether it may call salary_of") as raised:
        await ActivityEnvironment().run(runner.run_block, run)
    assert raised.value.non_retryable


@pytest.mark.parametrize(
    ("setting", "least"), [("memory_bytes", 16 * 2**20), ("stdout_bytes", 256), ("result_bytes", 64)]
)
def test_settings_of_blocks_that_no_sandbox_could_work_with_are_refused_at_once(setting: str, least: int) -> None:
    """The agent does not load; otherwise each of its blocks would fail after a person had approved it."""
    assert getattr(BlockLimits(**{setting: least}), setting) == getattr(BlockSettings(**{setting: least}), setting)
    for contract in (BlockLimits, BlockSettings):
        with pytest.raises(ValidationError):
            contract(**{setting: least - 1})


async def test_a_folder_that_blocks_are_to_see_and_that_is_missing_is_told_before_any_block_runs(
    tmp_path: Path, sandbox_cache: Path
) -> None:
    """By the check and by the worker at its start, with the agent and the folder; not by a failed block days later."""
    missing = tmp_path / "reports"
    agent = Agent(
        name="clerk",
        version="1",
        instructions="Work.",
        model="gpt-5.1",
        tools=[salary_of],
        blocks=BlockSettings(mounts=(Mount(source=str(missing), target="/mnt/reports"),)),
    )
    settings = Settings().changed(sandbox_cache=sandbox_cache)
    with pytest.raises(SandboxUnavailable, match=f"agent 'clerk': {missing}, .* is no folder"):
        async with sandboxes(settings, {"clerk": agent}):
            pytest.fail("it started")
    [eryx] = [probe for probe in sandbox_probes(settings, [agent]) if probe.name == "sandbox eryx"]
    finding = await eryx.find()
    assert finding.status == "failed"
    assert str(missing) in finding.text
    missing.mkdir()
    assert (await eryx.find()).status == "ok"
