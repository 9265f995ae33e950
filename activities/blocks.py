"""`run_block`: approved code in a sandbox, from its start or on from where it was suspended."""

from collections.abc import Mapping

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.block_calls import BlockCalls, answered, normal_form, pinned_differences
from activities.fetching import Fetcher
from activities.heartbeats import heartbeats
from activities.workspace import Workspaces
from sandbox.protocol import (
    Answerer,
    BlockCompleted,
    BlockDiverged,
    BlockFailed,
    BlockLimits,
    BlockOutcome,
    BlockSpec,
    BlockSuspended,
    Journal,
    JournalEntry,
    Sandbox,
)
from seconder import names
from seconder.agents import Agent
from seconder.contracts.block_settings import SandboxName
from seconder.contracts.blocks import BlockCall, BlockReport, BlockRun, PendingCall
from seconder.contracts.calls import ApprovedCall
from seconder.contracts.workspaces import WorkspaceChanges
from seconder.effects import Effect
from seconder.errors import ContractError
from seconder.stubs import FETCH_STUB

_log = structlog.get_logger(__name__)
_ERROR_MAX_CHARACTERS = 8_000


class BlockRunner:
    """Runs each block in the sandbox that its agent names, and answers its reads.

    `sandboxes` are started already; `worker` is this process's identity, for the receipts.
    """

    def __init__(
        self,
        sandboxes: Mapping[SandboxName, Sandbox],
        workspaces: Workspaces,
        agents: Mapping[str, Agent],
        worker: str,
        *,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._sandboxes = sandboxes
        self._workspaces = workspaces
        self._agents = agents
        self._worker = worker
        self._fetcher = fetcher or Fetcher()

    @activity.defn(name=names.ACTIVITY_RUN_BLOCK)
    async def run_block(self, run: BlockRun) -> BlockReport:
        """Run one approved block to its end or to the calls that it waits for; what goes wrong in it is reported."""
        agent = self._verified(run)
        calls = BlockCalls(agent, run, self._fetcher)
        sandbox = self._sandboxes[agent.blocks.sandbox]
        signatures = {tool.name: tool.stub for tool in run.grant} | ({names.FETCH: FETCH_STUB} if calls.domains else {})
        spec = BlockSpec(
            code=str(run.call.arguments["code"]),
            tools=tuple(signatures),
            signatures=signatures,
            limits=_stricter(run.settings, agent.blocks),
            journal=_journal(run),
            mounts=agent.blocks.mounts if run.call.arguments.get("mounts") else (),
        )
        with structlog.contextvars.bound_contextvars(session_id=run.call.session_id, call_id=run.call.call_id):
            async with heartbeats(every_seconds=0.5):
                outcome, changes = await self._run(sandbox, spec, run, calls.answer)
            _log.info(f"block.{outcome.kind}", calls=outcome.usage.calls, replayed=outcome.usage.replayed)
        described = sandbox.describe()
        return BlockReport(
            kind=outcome.kind,
            result=outcome.result if isinstance(outcome, BlockCompleted) else None,
            finished=isinstance(outcome, BlockCompleted) and outcome.finished,
            stdout=outcome.stdout,
            error=_error_of(outcome)[:_ERROR_MAX_CHARACTERS],
            calls=tuple(_recorded(entry) for entry in outcome.journal.entries),
            pending=_pending(agent, outcome),
            journal=outcome.journal.model_dump(mode="json") if isinstance(outcome, BlockSuspended) else None,
            workspace=changes,
            sandbox=f"{described.backend} {described.version}",
            worker=self._worker,
            wall_seconds=outcome.usage.wall_seconds,
        )

    async def _run(
        self, sandbox: Sandbox, spec: BlockSpec, run: BlockRun, answer: Answerer
    ) -> tuple[BlockOutcome, WorkspaceChanges | None]:
        """Run it with the session's files; only a block that completed changes them."""
        if not run.settings.workspace_bytes:
            return await sandbox.run(spec, answer), None
        async with self._workspaces.unpacked(run.workspace) as folder:
            outcome = await sandbox.run(spec.model_copy(update={"workspace": folder}), answer)
            completed = isinstance(outcome, BlockCompleted)
            return outcome, await self._workspaces.pack(folder, run.workspace) if completed else None

    def _verified(self, run: BlockRun) -> Agent:
        """The agent, after a check that this code and these tools are what was decided on."""
        named = run.call.arguments.get("tools")
        names_of_grant = [tool.name for tool in run.grant]
        if not run.call.is_block or not run.decision.allows or run.decision.digest != run.call.digest:
            raise _refused("the decision is no yes to this block")
        if not isinstance(named, list) or sorted(map(str, named)) != sorted(names_of_grant):
            raise _refused("its grant names other tools than were decided on")
        agent = self._agents.get(run.call.agent)
        if agent is None:
            raise _refused(f"this worker has no agent {run.call.agent}")
        # What is mounted and fetched from is this worker's own to give, whatever the message says.
        for kind, own in (("mounts", agent.blocks.mounts), ("domains", agent.blocks.domains)):
            wanted = run.call.arguments.get(kind, [])
            if wanted not in ([], [one.model_dump(mode="json") for one in own]):
                raise _refused(f"its {kind} are not those of the agent on this worker")
        # A block that is resumed may have been answered by tools that were changed meanwhile; it gets no further
        # answer from those.
        if run.journal is None and (changed := pinned_differences(agent, run.grant)):
            raise _refused(f"this worker does not have {', '.join(changed)} of the pinned version")
        if run.decision.kind == "automatic":
            _require_harmless(run, agent)
        else:
            _require_review(run)
        if not names.is_call_of_run(run.call.call_id, activity.info().workflow_run_id or ""):
            # A copy of the message would read again, at any time, what people let one session read once.
            raise _refused("it was approved in another run of the session")
        return agent


def _require_harmless(run: BlockRun, agent: Agent) -> None:
    for name in (spec.name for spec in run.grant):
        tool = agent.tool(name)
        if tool is None or tool.effect is not Effect.READ:
            raise _refused(f"nobody was asked whether it may call {name}")
    if not agent.blocks.automatic or run.call.arguments.get("mounts") or run.call.arguments.get("domains"):
        raise _refused("nobody was asked, and the agent on this worker lets no such block run by itself")


def _require_review(run: BlockRun) -> None:
    try:
        ApprovedCall(call=run.call, decision=run.decision).verified()
    except ContractError as error:
        raise _refused(str(error)) from error


def _stricter(pinned: BlockLimits, own: BlockLimits) -> BlockLimits:
    """Of each limit the lower one: what this worker's memory and disk can bear is not for a message to say."""
    return BlockLimits(**{name: min(getattr(pinned, name), getattr(own, name)) for name in BlockLimits.model_fields})


def _journal(run: BlockRun) -> Journal:
    if run.journal is None:
        # Temporal's time for the first attempt, so that a further one starts with the same clock.
        return Journal(seed=run.call.digest, started_at=activity.info().scheduled_time)
    try:
        journal = Journal.model_validate(run.journal)
        if journal.seed != run.call.digest:
            raise _refused("its journal is another block's")
        for one in run.settled:
            of_block = names.call_id_within(run.call.call_id, one.number)
            if one.call.call_id != of_block or one.settlement.decision.digest != one.call.digest:
                raise _refused(f"what it was told of call {one.number} is about another call")
        return answered(journal, run.settled)
    except (ValueError, ContractError) as error:
        raise _refused(str(error)) from error


def _pending(agent: Agent, outcome: BlockOutcome) -> tuple[PendingCall, ...]:
    if not isinstance(outcome, BlockSuspended):
        return ()
    return tuple(
        PendingCall(number=call.number, tool=call.tool, arguments=normal_form(agent, call)) for call in outcome.pending
    )


def _error_of(outcome: BlockOutcome) -> str:
    match outcome:
        case BlockFailed():
            return outcome.traceback or f"{outcome.error}: {outcome.message}"
        case BlockDiverged():
            return outcome.message
        case _:
            return ""


def _recorded(entry: JournalEntry) -> BlockCall:
    return BlockCall(
        number=entry.number,
        tool=entry.tool,
        answer=entry.answer.kind if entry.answer is not None else "none",
    )


def _refused(why: str) -> ApplicationError:
    return ApplicationError(f"The block was refused: {why}.", type="BlockRefused", non_retryable=True)
