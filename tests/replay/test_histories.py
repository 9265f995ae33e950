"""Histories of every release keep replaying, so that sessions which wait survive an upgrade."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from seconder.connection import DATA_CONVERTER
from tests.replay.record import HISTORIES, PATHS
from workers.engine import PASSED_THROUGH
from workflows.agent_session import AgentSession
from workflows.approval import Approval

RECORDED = sorted(HISTORIES.rglob("*.json"))


def _replayer() -> Replayer:
    runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
    return Replayer(workflows=[AgentSession, Approval], workflow_runner=runner, data_converter=DATA_CONVERTER)


def _recorded(path: Path) -> WorkflowHistory:
    return _history(json.loads(path.read_text()))


def _history(recorded: dict[str, Any]) -> WorkflowHistory:
    """With the workflow's own id: a session takes its id from there."""
    started = recorded["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], json.dumps(recorded))


@pytest.mark.parametrize("path", RECORDED, ids=[str(path.relative_to(HISTORIES)) for path in RECORDED])
async def test_a_recorded_history_replays(path: Path) -> None:
    """The workflows of today issue the commands that the history holds, in its order."""
    await _replayer().replay_workflow(_recorded(path))


def test_every_path_is_recorded_for_every_release() -> None:
    """A path that nobody recorded would be one that nobody keeps replayable."""
    releases = [folder for folder in HISTORIES.iterdir() if folder.is_dir()]
    assert releases
    for release in releases:
        assert {path.name.split(".")[0] for path in release.glob("*.session.json")} == set(PATHS), release


async def test_a_history_of_other_workflows_does_not_replay() -> None:
    """The replayer notices: a session whose agent was loaded under another name is refused."""
    recorded = json.loads((HISTORIES / "v1" / "automatic-block.session.json").read_text())
    for event in recorded["events"]:
        scheduled = event.get("activityTaskScheduledEventAttributes", {})
        if scheduled.get("activityType", {}).get("name") == "load_agent":
            scheduled["activityType"]["name"] = "load_something"
    with pytest.raises(Exception, match=r"[Nn]ondeterminis|TMPRL1100"):
        await _replayer().replay_workflow(_history(recorded))
