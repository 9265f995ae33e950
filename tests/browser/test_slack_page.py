"""The main job as a person does it: from the notice to the end of the session, on the local Slack's page."""

import asyncio

from playwright.async_api import Locator, expect

from examples.support_desk.books import check
from examples.support_desk.story import PROGRAM, TASK, TEAM_LEAD
from tests.browser.desk import Desk
from tests.browser.visitor import Visitor
from workers.local import REQUESTER, REVIEWER, STRANGER

REASON = "Already compensated with a voucher."


async def test_people_decide_on_a_session_by_clicking(desk: Desk, visitor: Visitor) -> None:
    """Strangers are turned away; a block waits for the reviewer, then its two refunds; what was decided happens."""
    session = await desk.begin(TASK)
    page = visitor.page
    block = visitor.message("Code block:")

    for person in (STRANGER, REQUESTER):
        await visitor.open_slack(desk.slack, person.id)
        await _button(block, "Approve").click()
        await expect(visitor.whispers).to_contain_text(["Nothing was recorded: you are not a reviewer"])
        await expect(visitor.whispers).to_contain_text([f"@{REVIEWER.real_name}"])

    await visitor.act_as(REVIEWER.id)
    await expect(visitor.whispers).to_have_count(0)
    await _button(block, "Show details").click()
    for line in filter(None, PROGRAM.splitlines()):
        await expect(visitor.modal).to_contain_text(line)
    await visitor.modal.get_by_label("Close").click()
    await expect(visitor.modal).to_have_count(0)
    await _button(block, "Approve").click()
    await expect(block).to_contain_text(f"Approved by @{REVIEWER.real_name} at ")
    await expect(_button(block, "Approve")).to_have_count(0)

    refunds = visitor.message("2 calls of issue_refund")
    await expect(refunds).to_contain_text("A code block waits for this")
    await expect(block).to_contain_text("Not finished yet.")
    await _button(refunds, "Approve").nth(0).click()
    await expect(refunds).to_contain_text("1 of 2 decided")
    await expect(_button(refunds, "Approve")).to_have_count(1)

    await _button(refunds, "Deny").click()
    await visitor.modal.get_by_role("button", name="Deny").click()
    await expect(
        visitor.modal.get_by_role("alert").filter(has_text="Please complete this required field.")
    ).to_be_visible()
    await visitor.modal.get_by_label("Why not?").fill(REASON)
    await visitor.modal.get_by_role("button", name="Deny").click()
    await expect(visitor.modal).to_have_count(0)
    await expect(refunds).to_contain_text(f"Denied by @{REVIEWER.real_name} at ")
    await expect(refunds).to_contain_text(REASON)
    await expect(refunds).to_contain_text("Succeeded.")
    await expect(refunds).to_contain_text("refund_id")
    for verdict in ("Approve", "Deny"):
        await expect(_button(refunds, verdict)).to_have_count(0)

    await expect(block).to_contain_text("completed")
    email = visitor.message(TEAM_LEAD).filter(has_text="send_email")
    await _button(email, "Approve").click()
    result = await asyncio.wait_for(desk.client.wait(session.session_id), 30)
    assert result.status == "completed"
    await expect(email).to_contain_text("Succeeded.")
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    refunded, denied = desk.expected.largest
    assert check(desk.expected, denied={denied.order_id: REASON}) == []
    await expect(refunds).to_contain_text(f"order_id = {refunded.order_id}")


def _button(message: Locator, name: str) -> Locator:
    return message.get_by_role("button", name=name, exact=True)
