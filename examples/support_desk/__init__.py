"""A support desk: reads to compose in code, and four side effects that each wait for a person.

This is the whole definition of an agent. `seconder dev --app examples.support_desk:agent` runs it.
"""

from examples.support_desk.accounts import close_account
from examples.support_desk.mail import send_email
from examples.support_desk.reads import (
    get_contact,
    get_order,
    get_refund_policy,
    late_deliveries,
    list_customers,
    list_orders,
)
from examples.support_desk.refunds import issue_refund
from seconder import Agent

agent = Agent(
    name="support-desk",
    version="1",
    model="gpt-5.1",
    instructions=(
        "You work at the support desk of a web shop.\n"
        "Look things up and compute in code, in one program where you can; compute money with Decimal, never with "
        "float. Do not guess a figure, an address or a rule: read it.\n"
        "Act on figures in the program that computed them; write e-mails yourself, in a call of their own. A colleague "
        "decides on each act. Respect a denial: do not try the same thing again in another form, and say in your "
        "report what was denied and why."
    ),
    tools=[
        late_deliveries,
        list_orders,
        get_order,
        list_customers,
        get_refund_policy,
        get_contact,
        issue_refund,
        send_email,
        close_account,
    ],
)

__all__ = ["agent"]
