"""Temporal is away while people click: nothing is recorded, they are told, and a later click works."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from temporalio.client import Client, Interceptor, OutboundInterceptor, SignalWorkflowInput
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from approvals.denial import REASON_BLOCK
from seconder.contracts.approvals import ApprovalResult
from seconder.names import ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS
from tests.slack.gateway_desk import ANNA, Cable, Case, Desk, open_desk


@dataclass
class Outage:
    desk: Desk
    cable: Cable
    case: Case


@pytest.fixture
async def outage(temporal: WorkflowEnvironment) -> AsyncIterator[Outage]:
    """A gateway whose way to Temporal can be cut."""
    target = temporal.client.service_client.config.target_host
    async with Cable(target) as cable:
        client = await Client.connect(cable.address, data_converter=pydantic_data_converter)
        async with open_desk(client) as desk:
            yield Outage(desk, cable, await desk.request())


@pytest.mark.parametrize("action_id", [ACTION_APPROVE, ACTION_DENY, ACTION_DETAILS])
@pytest.mark.parametrize("how", ["cut", "held"])
async def test_a_click_while_temporal_is_away_is_told_and_works_later(outage: Outage, action_id: str, how: str) -> None:
    """Slack is acked in time, the person hears that nothing was recorded, and clicking again does it."""
    desk, case = outage.desk, outage.case
    if how == "cut":
        await outage.cable.cut()
    else:
        outage.cable.hold()
    assert (await desk.click(case, ANNA, action_id)).acked
    told = await desk.slack.wait_for_ephemeral(ANNA.id)
    words = "Nothing was recorded: Temporal could not be reached."
    assert told.text.startswith(words if action_id == ACTION_APPROVE else "That could not be opened")
    await outage.cable.mend()
    assert await desk.reviews(case) == []
    assert (await desk.click(case, ANNA, action_id)).acked
    if action_id == ACTION_APPROVE:
        assert len(await desk.reviews(case)) == 1
    else:
        await desk.slack.wait_for_view(ANNA.id)
    assert desk.told(ANNA) == [told.text]


@pytest.mark.parametrize("how", ["cut", "held"])
async def test_a_reason_that_could_not_be_recorded_is_kept_in_its_modal(outage: Outage, how: str) -> None:
    """The modal stays open, says so, and submitting it again records the denial."""
    desk, case = outage.desk, outage.case
    view = await desk.denial(case, ANNA)
    if how == "cut":
        await outage.cable.cut()
    else:
        outage.cable.hold()
    delivery = await desk.slack.submit_view(ANNA.id, view.id, {REASON_BLOCK: "No."})
    assert delivery.acked
    assert delivery.errors[REASON_BLOCK].startswith("Nothing was recorded: Temporal could not be reached.")
    await outage.cable.mend()
    delivery = await desk.slack.submit_view(ANNA.id, view.id, {REASON_BLOCK: "No."})
    assert delivery.acked
    assert delivery.errors == {}
    [review] = await desk.reviews(case)
    assert review.reason == "No."


class HoldSignals(Interceptor):
    """Temporal goes away between the reading of a request and the next signal."""

    def __init__(self, cable: Cable) -> None:
        self.cable = cable
        self.armed = True

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - Temporal's name
        held = self

        class Holding(OutboundInterceptor):
            async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002 - Temporal's name
                if held.armed:
                    held.armed = False
                    held.cable.hold()
                await super().signal_workflow(input)

        return Holding(next)


async def test_a_click_that_temporal_did_not_confirm_is_not_called_lost(temporal: WorkflowEnvironment) -> None:
    """Where nobody can know whether the signal arrived, the person is told that, and a second click does no harm."""
    async with Cable(temporal.client.service_client.config.target_host) as cable:
        client = await Client.connect(
            cable.address, data_converter=pydantic_data_converter, interceptors=[HoldSignals(cable)]
        )
        async with open_desk(client) as desk:
            case = await desk.request()
            assert (await desk.click(case, ANNA)).acked
            told = await desk.slack.wait_for_ephemeral(ANNA.id)
            assert told.text.startswith("Your click may not have been recorded")
            await cable.mend()
            assert (await desk.click(case, ANNA)).acked
            reviews = await desk.reviews(case)
            assert {review.digests for review in reviews} == {(case.request.calls[0].digest,)}
            async with desk.worker():
                result: ApprovalResult = await case.handle.result()
            assert [len(decision.reviews) for decision in result.decisions] == [1]
