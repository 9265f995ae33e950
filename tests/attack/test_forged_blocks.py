"""Messages to `run_block` that no session sent: whoever has Temporal can send them; the worker believes none."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.blocks import BlockRunner
from activities.workspace import Workspaces
from seconder import names
from seconder.artifacts import FolderStore
from seconder.contracts.block_settings import BlockSettings
from seconder.contracts.blocks import BlockReport, BlockRun, SettledCall
from seconder.contracts.calls import Call, Decision, Review, Reviewer, Settlement, Succeeded, ToolReport
from seconder.contracts.workspaces import WorkspaceFile
from seconder.effects import Effect
from tests.integration.clerk import agent, agents, look_into, look_up, pay
from workers.sandboxes import sandboxes
from workers.settings import Settings

AGENTS: Final = {one.name: one for one in agents}
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
PAYS: Final = "[pay(customer=7, cents=100)['paid'], pay(customer=8, cents=200)['paid']]"


@pytest.fixture(scope="module")
async def runner(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BlockRunner]:
    """The activity as a code worker has it, with a real sandbox."""
    folder = tmp_path_factory.mktemp("forged")
    async with sandboxes(Settings(), AGENTS) as ready:
        yield BlockRunner(ready, Workspaces(FolderStore(folder / "store"), folder / "scratch"), AGENTS, "worker")


async def _run(runner: BlockRunner, run: BlockRun) -> BlockReport:
    """Run it as an activity of the run `test-run`."""
    return await ActivityEnvironment().run(runner.run_block, run)


def _block(code: str, *tools: Any, **more: Any) -> Call:
    arguments = {"code": code, "tools": [one.name for one in tools], **more.pop("arguments", {})}
    said: dict[str, Any] = {
        "session_id": "s",
        "call_id": names.call_id(1, "test-run"),
        "agent": "clerk",
        "agent_version": "1",
        "tool": names.EXECUTE_CODE,
        "tool_version": "1",
        "effect": Effect.READ,
    }
    return Call(arguments=arguments, **said | more)


def _yes(call: Call) -> Decision:
    review = Review(
        request_id="approval-s-1",
        digests=(call.digest,),
        verdict="approve",
        reviewer=Reviewer(user_id="U0ANNA"),
        at=NOW,
    )
    return Decision(digest=call.digest, kind="approved", reviews=(review,), at=NOW)


def _message(code: str, *tools: Any, **more: Any) -> BlockRun:
    """A message to `run_block` as a session would send it."""
    call = _block(code, *tools, **more)
    grant = tuple(one.spec for one in tools)
    return BlockRun(call=call, decision=_yes(call), grant=grant, settings=AGENTS[call.agent].blocks)


def _changed(run: BlockRun, **changes: Any) -> BlockRun:
    return run.model_copy(update=changes)


def _settled(number: int, tool: str = "pay", **more: Any) -> SettledCall:
    arguments = more.pop("arguments", {"customer": 7, "cents": 100, "memo": ""})
    call = _block("", arguments={}).model_copy(
        update={
            "call_id": names.call_id_within(names.call_id(1, "test-run"), number),
            "tool": tool,
            "arguments": arguments,
            **more,
        }
    )
    outcome = Succeeded(result={"paid": 100, "customer": 7})
    report = ToolReport(outcome=outcome, attempt=1, worker="w", started_at=NOW, finished_at=NOW)
    return SettledCall(number=number, call=call, settlement=Settlement(decision=_yes(call), report=report, at=NOW))


def _journal(run: BlockRun, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"seed": run.call.digest, "started_at": NOW.isoformat(), "suspensions": 1, "entries": list(entries)}


def _entry(number: int, tool: str = "pay", **more: Any) -> dict[str, Any]:
    arguments = {"customer": 7, "cents": 100}
    return {"number": number, "tool": tool, "arguments": arguments, "asked_at": NOW.isoformat(), **more}


def _suspended(*settled: SettledCall, entries: Any = None) -> BlockRun:
    run = _message(PAYS, pay)
    return _changed(run, journal=_journal(run, *(entries or [_entry(1)])), settled=settled)


def _automatic(run: BlockRun) -> BlockRun:
    return _changed(run, decision=Decision(digest=run.call.digest, kind="automatic", at=NOW))


def _without_review() -> BlockRun:
    run = _message("1", look_up)
    return _changed(run, decision=run.decision.model_copy(update={"reviews": ()}))


def _reach(what: str) -> dict[str, Any]:
    own: Any = getattr(AGENTS["connected-clerk"].blocks, what)
    return {"agent": "connected-clerk", "arguments": {what: [one.model_dump(mode="json") for one in own]}}


def _other_folder() -> BlockRun:
    mounts = [{"source": "/", "target": "/mnt/shelf", "writable": True}]
    return _message("1", agent="connected-clerk", arguments={"mounts": mounts})


def _foreign_decision() -> SettledCall:
    other = _yes(_block("2"))
    one = _settled(1)
    return one.model_copy(update={"settlement": one.settlement.model_copy(update={"decision": other})})


REFUSED: dict[str, tuple[Callable[[], BlockRun], str]] = {
    "a copy from another run": (lambda: _message("1", call_id="c1-0123456789ab"), "another run"),
    "a yes of nobody": (_without_review, "Nobody approved"),
    "a yes to another block": (lambda: _changed(_message("1"), decision=_yes(_block("2"))), "no yes to this block"),
    "a yes to a tool's call": (lambda: _message("1", tool="pay"), "no yes to this block"),
    "one more tool": (
        lambda: _changed(_message("1", look_up), grant=(look_up.spec, look_into.spec)),
        "other tools than were decided on",
    ),
    "automatic, where the agent asks": (lambda: _automatic(_message("1", look_up)), "nobody was asked"),
    "automatic, with sensitive reads": (
        lambda: _automatic(_message("1", look_into, agent="hasty-clerk")),
        "whether it may call look_into",
    ),
    "automatic, with folders": (lambda: _automatic(_message("1", **_reach("mounts"))), "nobody was asked"),
    "automatic, with hosts": (lambda: _automatic(_message("1", **_reach("domains"))), "nobody was asked"),
    "another folder": (_other_folder, "not those of the agent"),
    "another block's journal": (
        lambda: _changed(_suspended(_settled(1)), journal=_journal(_message("other", pay), _entry(1))),
        "another block's",
    ),
    "a journal that is none": (lambda: _changed(_message("1"), journal={"entries": 7}), "validation error"),
    "a journal with gaps": (lambda: _suspended(_settled(2), entries=[_entry(2)]), "without gaps"),
    "no answer": (_suspended, "have no answer"),
    "an answer to another number": (lambda: _suspended(_settled(2)), "does not wait for call 2"),
    "an answer to another tool": (lambda: _suspended(_settled(1, "decline")), "does not wait for call 1 of decline"),
    "another call's answer": (lambda: _suspended(_settled(1, call_id="c9.1-testrun")), "about another call"),
    "another call's decision": (lambda: _suspended(_foreign_decision()), "about another call"),
    "an answer twice": (lambda: _suspended(_settled(1), _settled(1)), "already has an answer"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_forged_block_is_refused_before_it_runs(runner: BlockRunner, what: str) -> None:
    """Each of them differs in one thing only from a message that runs."""
    forge, why = REFUSED[what]
    with pytest.raises(ApplicationError, match=why) as raised:
        await _run(runner, forge())
    assert (raised.value.type, raised.value.non_retryable) == ("BlockRefused", True)


async def test_the_same_messages_run_when_nothing_about_them_is_forged(runner: BlockRunner) -> None:
    """Else the refusals above would show nothing."""
    assert (await _run(runner, _message("look_up(customer=7)['owes']", look_up))).result == 70
    assert (await _run(runner, _automatic(_message("look_up(customer=7)", look_up, agent="hasty-clerk")))).calls
    resumed = await _run(runner, _suspended(_settled(1)))
    assert [pending.number for pending in resumed.pending] == [2]


async def test_a_side_effect_that_the_grant_calls_a_read_does_not_run(runner: BlockRunner) -> None:
    """The worker knows its own tools; what the message says of them changes nothing."""
    run = _message("pay(customer=7, cents=100)", pay)
    tame = pay.spec.model_copy(update={"effect": Effect.READ})
    report = await _run(runner, _changed(run, grant=(tame,)))
    assert report.kind == "suspended"
    assert [pending.tool for pending in report.pending] == ["pay"]


async def test_a_tool_outside_the_grant_is_refused_by_whatever_name(runner: BlockRunner) -> None:
    """The code of a block can call what it likes; it is answered within its grant."""
    code = """
def tried(name):
    try:
        return call_tool(name, customer=7)
    except Exception as error:
        return type(error).__name__

[tried(name) for name in ("look_into", "pay", "run_block", "fetch", "look_up\\n", "__import__")]
"""
    report = await _run(runner, _message(code, look_up))
    assert report.result == ["PermissionError"] * 6


async def test_limits_beyond_those_of_the_agent_are_not_granted(runner: BlockRunner) -> None:
    """What a worker's memory and processor bear is for the worker to say."""
    wide = BlockSettings(wall_seconds=3600, cpu_seconds=3600, memory_bytes=2**40)
    endless = await _run(runner, _changed(_message("while True: pass"), settings=wide))
    own = [f"{name}={getattr(agent.blocks, name)}" for name in ("cpu_seconds", "wall_seconds")]
    assert any(limit in endless.error for limit in own), endless.error
    greedy = await _run(runner, _changed(_message("len(bytearray(512 * 2**20))"), settings=wide))
    assert greedy.kind == "failed"


async def test_a_narrower_limit_of_the_message_holds(runner: BlockRunner) -> None:
    """It is the one that people were shown."""
    narrow = BlockSettings(calls=1)
    report = await _run(
        runner, _changed(_message("look_up(customer=1), look_up(customer=2)", look_up), settings=narrow)
    )
    assert "calls=1" in report.error


async def test_made_up_answers_make_no_side_effect(runner: BlockRunner) -> None:
    """Whoever forges the journal tells the code lies; what the code then calls is asked for like any call."""
    lies: dict[str, Any] = {"answer": {"kind": "value", "value": {"paid": 10**6}}, "answered_at": NOW.isoformat()}
    report = await _run(runner, _suspended(entries=[_entry(1, **lies)]))
    assert [(pending.number, pending.arguments["customer"]) for pending in report.pending] == [(2, 8)]


async def test_more_files_than_any_session_has_are_not_unpacked(runner: BlockRunner) -> None:
    """Ten thousand names for one large file would fill the worker's disk."""
    files = {f"f{number}": WorkspaceFile(digest="0" * 64, size=2**20) for number in range(1_001)}
    with pytest.raises(Exception, match="holds more than"):
        await _run(runner, _changed(_message("1"), workspace=files))
    large = {"a": WorkspaceFile(digest="0" * 64, size=2**29), "b": WorkspaceFile(digest="0" * 64, size=2**29 + 1)}
    with pytest.raises(Exception, match="holds more than"):
        await _run(runner, _changed(_message("1"), workspace=large))


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a//b", ".", "", "a\0b", "x" * 300])
def test_a_message_with_a_path_that_leads_elsewhere_is_no_message(path: str) -> None:
    """It does not reach the activity."""
    said = _message("1").model_dump(mode="json") | {"workspace": {path: {"digest": "0" * 64, "size": 1}}}
    with pytest.raises(ValueError, match="the path"):
        BlockRun.model_validate(said)


async def test_a_forged_folder_shows_nothing_of_the_host(runner: BlockRunner) -> None:
    """The mount of the agent is taken from the agent, and a block without it sees none."""
    report = await _run(runner, _message("import os\nos.path.exists('/mnt/shelf')", agent="connected-clerk"))
    assert report.result is False
