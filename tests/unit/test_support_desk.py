"""The support desk's store and tools, called directly as their author would."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog

from examples.support_desk import agent
from examples.support_desk.accounts import close_account
from examples.support_desk.mail import SENDER, send_email
from examples.support_desk.mailbox import Mailbox, read_messages
from examples.support_desk.money import to_cents, to_eur
from examples.support_desk.reads import (
    get_contact,
    get_order,
    get_refund_policy,
    late_deliveries,
    list_customers,
    list_orders,
)
from examples.support_desk.refunds import issue_refund
from examples.support_desk.seed import CUSTOMERS, ORDERS, make_rows
from examples.support_desk.store import database_path, open_store, reading
from seconder import ConfigurationError, Effect, ServiceError, ToolContext, ToolError
from seconder.tools import InvalidArguments

CONTEXT = ToolContext(session_id="s-1", call_id="c-1", idempotency_key="a" * 64, attempt=1, log=structlog.get_logger())


def another(key: str) -> ToolContext:
    return replace(CONTEXT, idempotency_key=key)


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "shop.sqlite3"
    monkeypatch.setenv("SUPPORT_DESK_DB", str(path))
    return path


def query(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with closing(open_store(database_path())) as store:
        return [tuple(row) for row in store.execute(sql, parameters)]


def an_order(status: str) -> int:
    return int(query("SELECT order_id FROM orders WHERE status = ? ORDER BY order_id", status)[0][0])


def left_on(order_id: int) -> int:
    order = get_order(order_id)
    paid = to_cents(order.shipping_eur) + sum(line.quantity * to_cents(line.unit_price_eur) for line in order.lines)
    return paid - to_cents(order.refunded_eur)


def test_the_shop_is_the_same_for_the_same_seed() -> None:
    """Two makings with one seed agree to the row, and another seed makes another shop."""
    assert make_rows(1) == make_rows(1)
    assert make_rows(1) != make_rows(2)


def test_the_shop_is_of_a_size_that_needs_code() -> None:
    """Hundreds of customers, a thousand orders, and dozens of late deliveries to join in the demo's month."""
    assert query("SELECT COUNT(*) FROM customers") == [(CUSTOMERS,)]
    assert query("SELECT COUNT(*) FROM orders") == [(ORDERS,)]
    late = late_deliveries(date(2025, 9, 1), date(2025, 9, 30), "Swiftway")
    assert 40 <= len(late) <= 100
    assert len({get_order(delivery.order_id).customer_id for delivery in late}) > 30


async def test_processes_that_make_the_shop_at_once_make_one() -> None:
    """Whoever comes second finds the work done: no error, no double rows."""
    program = "from examples.support_desk.reads import list_customers; print(len(list_customers()))"
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    outputs = await asyncio.gather(*(child.communicate() for child in children))
    assert [(out.strip(), err) for out, err in outputs] == [(str(CUSTOMERS).encode(), b"")] * 3
    assert query("SELECT COUNT(*) FROM orders") == [(ORDERS,)]


def test_the_path_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The database's own variable wins over the data folder, which has a default."""
    assert database_path() == tmp_path / "shop.sqlite3"
    monkeypatch.delenv("SUPPORT_DESK_DB")
    monkeypatch.setenv("SECONDER_DATA", str(tmp_path / "data"))
    assert database_path() == tmp_path / "data" / "support_desk.sqlite3"
    monkeypatch.delenv("SECONDER_DATA")
    assert database_path() == Path("data/support_desk.sqlite3")


def test_a_store_of_another_version_is_refused_and_left_alone(database: Path) -> None:
    """Reads say what is wrong with the file; writes say besides that nothing was changed."""
    with closing(sqlite3.connect(database)) as foreign:
        foreign.execute("PRAGMA user_version = 7")
    with pytest.raises(ConfigurationError, match="holds version 7"):
        list_customers()
    with pytest.raises(ToolError, match="nothing was changed"):
        issue_refund(CONTEXT, 1001, "1.00", "Late")


def test_reads_cannot_write() -> None:
    """The connection of a read refuses to change anything, whatever a tool's author writes by mistake."""
    with reading() as store, pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.execute("DELETE FROM orders")


def test_reads_answer_and_agree_with_each_other() -> None:
    """Orders, customers, policies and contacts join by their numbers."""
    customer = list_customers("gold")[0]
    orders = list_orders(customer.customer_id, limit=2)
    assert [get_order(order.order_id) for order in orders] == orders
    assert all(order.customer_id == customer.customer_id for order in orders)
    assert orders == sorted(orders, key=lambda order: order.placed_on, reverse=True)
    assert get_contact(customer.customer_id).name == customer.name
    assert get_refund_policy("gold").max_percent > get_refund_policy("standard").max_percent
    for delivery in late_deliveries(date(2025, 9, 1), date(2025, 9, 7)):
        assert (delivery.delivered_on - delivery.promised_on).days == delivery.days_late > 0


def test_reads_say_what_is_not_there() -> None:
    """An unknown order or customer and a period that runs backwards are errors in words, not empty answers."""
    with pytest.raises(ToolError, match="no order 7"):
        get_order(7)
    with pytest.raises(ToolError, match="no customer 9999"):
        list_orders(9999)
    with pytest.raises(ToolError, match="no customer 9999"):
        get_contact(9999)
    with pytest.raises(ToolError, match="before it begins"):
        late_deliveries(date(2025, 9, 30), date(2025, 9, 1))


def test_a_refund_is_booked_once_for_each_key() -> None:
    """The same approved call run again books nothing more and gives the same answer; another call books again."""
    order_id = an_order("delivered")
    before = left_on(order_id)
    first = issue_refund(CONTEXT, order_id, "1.25", "Late delivery")
    again = issue_refund(CONTEXT, order_id, "1.25", "Late delivery")
    assert first == again
    assert left_on(order_id) == before - 125 == to_cents(first.left_eur)
    assert issue_refund(another("b" * 64), order_id, "1.25", "Late delivery").refund_id != first.refund_id
    assert left_on(order_id) == before - 250


def test_no_more_is_refunded_than_was_paid() -> None:
    """All that is left can be refunded, and then not a cent more."""
    order_id = an_order("delivered")
    left = left_on(order_id)
    with pytest.raises(ToolError, match=rf"At most {to_eur(left)} EUR .* not {to_eur(left + 1)} EUR"):
        issue_refund(CONTEXT, order_id, to_eur(left + 1), "Late delivery")
    assert issue_refund(CONTEXT, order_id, to_eur(left), "Late delivery").left_eur == "0.00"
    with pytest.raises(ToolError, match=r"At most 0\.00 EUR"):
        issue_refund(another("b" * 64), order_id, "0.01", "Late delivery")


def test_what_cannot_be_refunded_is_refused_and_books_nothing() -> None:
    """Unknown, undelivered and cancelled orders and a refund of nothing are known not to have happened."""
    booked = query("SELECT COUNT(*) FROM refunds")
    for order_id, amount, reason in (
        (7, "1.00", "no order 7"),
        (an_order("shipped"), "1.00", "is shipped, not delivered"),
        (an_order("cancelled"), "1.00", "is cancelled, not delivered"),
        (an_order("delivered"), "0.00", "makes no sense"),
    ):
        with pytest.raises(ToolError, match=reason):
            issue_refund(CONTEXT, order_id, amount, "Late delivery")
    assert query("SELECT COUNT(*) FROM refunds") == booked


def test_a_busy_database_is_a_known_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that cannot begin says that nothing was changed, so that nobody has to find out by hand."""
    monkeypatch.setattr("examples.support_desk.store._PATIENCE_SECONDS", 0.05)
    order_id = an_order("delivered")
    with closing(open_store(database_path())) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ToolError, match=r"locked.*nothing was changed"):
            issue_refund(CONTEXT, order_id, "1.00", "Late delivery")
        other.execute("ROLLBACK")


@pytest.mark.parametrize(
    "amount", ["1", "1.5", "1.505", "-1.00", "1,50", "01.50", "1e2", "1.\u0665\u0660", " 1.50", "1.50\n"]
)
def test_an_amount_has_one_form_only(amount: str) -> None:
    """What an approver reads as an amount is one exact number of cents; any other spelling is refused."""
    with pytest.raises(InvalidArguments, match="amount_eur"):
        issue_refund.normalise({"order_id": 1001, "amount_eur": amount, "reason": "Late delivery"})


def test_accounts_close_once_and_only_when_nothing_is_under_way() -> None:
    """A closed account stays closed with its reason; unknown ones and ones with orders under way are refused."""
    idle = """SELECT customer_id FROM customers WHERE status = 'active' AND customer_id NOT IN
        (SELECT customer_id FROM orders WHERE status IN ('placed', 'shipped'))"""
    customer_id = query(idle)[0][0]
    closed = close_account(CONTEXT, customer_id, "On request")
    assert query("SELECT status FROM customers WHERE customer_id = ?", customer_id) == [("closed",)]
    assert query("SELECT reason FROM closures") == [("On request",)]
    assert closed.customer_id == customer_id
    with pytest.raises(ToolError, match="closed already"):
        close_account(CONTEXT, customer_id, "On request")
    with pytest.raises(ToolError, match="no customer 9999"):
        close_account(CONTEXT, 9999, "On request")
    busy = query(
        "SELECT customer_id FROM orders JOIN customers USING (customer_id) WHERE orders.status = 'shipped' "
        "AND customers.status = 'active'"
    )[0][0]
    with pytest.raises(ToolError, match="orders under way"):
        close_account(CONTEXT, busy, "On request")


async def send(mailbox: Mailbox, to: str, subject: str, body: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SUPPORT_DESK_SMTP_PORT", str(mailbox.port))
    return await asyncio.to_thread(send_email, CONTEXT, to, subject, body)


async def test_an_email_arrives_as_it_was_approved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over real SMTP: the address, the subject and every line of the body, beyond ASCII too."""
    async with Mailbox(tmp_path / "mail") as mailbox:
        body = "Grüße aus Malmö\n.\nFrom here on\n" + "x" * 2000 + "\n"
        sent = await send(mailbox, "lead@shop.example", "Rückzahlung", body, monkeypatch)
        (message,) = mailbox.messages()
        assert (message["To"], message["Subject"], message["From"]) == ("lead@shop.example", "Rückzahlung", SENDER)
        assert message.get_content() == body
        assert message["Message-ID"] == sent.message_id
        await send(mailbox, "lead@shop.example", "Second", "Two", monkeypatch)
    assert [message["Subject"] for message in read_messages(tmp_path / "mail")] == ["Rückzahlung", "Second"]


async def test_headers_cannot_be_injected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line break in the address or the subject is refused before anything is sent."""
    async with Mailbox(tmp_path / "mail") as mailbox:
        for to, subject in (
            ("lead@shop.example", "Hello\r\nBcc: all@shop.example"),
            ("lead@shop.example", "Hello\u2028Bcc: all@shop.example"),
            ("lead@shop.example\nBcc: all@shop.example", "Hello"),
        ):
            with pytest.raises(ToolError, match="one line"):
                await send(mailbox, to, subject, "Text", monkeypatch)
        assert mailbox.messages() == []


@pytest.mark.parametrize(
    "to",
    ["lead", "a@shop.example, b@shop.example", "Lead <a@shop.example>", "a@shop", "ä@shop.example", "a@shop.example\n"],
)
def test_an_email_has_one_plain_address(to: str) -> None:
    """The address that the approver reads is the one address that gets the message."""
    with pytest.raises(InvalidArguments, match="to:"):
        send_email.normalise({"to": to, "subject": "Hello", "body": "Text"})


async def test_a_mail_server_that_is_not_there_is_a_known_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a missing setting nor a refused connection leaves any doubt: nothing was sent."""
    monkeypatch.delenv("SUPPORT_DESK_SMTP_PORT", raising=False)
    with pytest.raises(ToolError, match=r"SUPPORT_DESK_SMTP_PORT.*Nothing was sent"):
        send_email(CONTEXT, "lead@shop.example", "Hello", "Text")
    monkeypatch.setenv("SUPPORT_DESK_SMTP_PORT", "1")
    with pytest.raises(ToolError, match=r"cannot be reached.*Nothing was sent"):
        send_email(CONTEXT, "lead@shop.example", "Hello", "Text")


async def test_a_mailbox_says_when_its_port_is_taken(tmp_path: Path) -> None:
    """Two mailboxes cannot share a port."""
    async with Mailbox(tmp_path) as first:
        with pytest.raises(ServiceError, match=f"127.0.0.1:{first.port}: the port is in use"):
            async with Mailbox(tmp_path, first.port):
                pytest.fail("it must not start")


def test_the_agent_declares_the_effect_of_each_tool() -> None:
    """Whoever copies this example finds every effect that needs a person, and reads that do not."""
    effects = {tool.name: tool.effect for tool in agent.tools}
    assert effects["get_contact"] is Effect.READ_SENSITIVE
    assert {name for name, effect in effects.items() if effect.side_effecting} == {
        "issue_refund",
        "send_email",
        "close_account",
    }
    assert [tool.name for tool in agent.tools if tool.idempotent] == ["issue_refund"]
