"""A model that behaves sensibly in each lane, as scripts for the scripted model.

Nothing here knows an answer: in the direct lane the model works from what the tools returned, in the code lane it
copies the rows that its program gave, and in the finishing lane the program gives them itself. The program is what a
model writes that has read the stubs: a function for one user, gathered over all.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.orders import HINT
from seconder.testing.model import Item, ModelRequest, Script, code, function_call, text
from seconder.testing.model.script import Turn

_PURPOSE: Final = "Work out the grand total of every user."
_PROGRAM: Final = """\
import asyncio

async def total(user):
    orders, discount, tax = await asyncio.gather(
        get_orders_for_user(user['id']), get_discount_rate(user['tier']), get_tax_rate(user['region'])
    )
    lines = await asyncio.gather(*(
        compute_line_total(qty=o['qty'], unit_price=o['unit_price'], discount_rate=discount, tax_rate=tax)
        for o in orders
    ))
    return {'user_id': user['id'], 'name': user['name'], 'grand_total': round(sum(lines), 2)}

rows = await asyncio.gather(*(total(user) for user in await list_users()))
rows.sort(key=lambda row: -row['grand_total'])
"""


@dataclass(frozen=True)
class _Facts:
    """What the tool outputs in a request say; calls are told apart by their arguments."""

    users: list[dict[str, Any]]
    orders: Mapping[int, list[dict[str, Any]]]
    discounts: Mapping[str, float]
    taxes: Mapping[str, float]
    line_totals: Mapping[str, float]

    @classmethod
    def in_request(cls, request: ModelRequest) -> "_Facts":
        def keyed(tool: str, argument: str) -> dict[Any, Any]:
            return {json.loads(output.arguments)[argument]: output.value for output in request.outputs(tool)}

        return cls(
            users=request.outputs("list_users")[0].value,
            orders=keyed("get_orders_for_user", "user_id"),
            discounts=keyed("get_discount_rate", "tier"),
            taxes=keyed("get_tax_rate", "region"),
            line_totals={
                _key(json.loads(output.arguments)): output.value for output in request.outputs("compute_line_total")
            },
        )

    def lines_of(self, user: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The arguments of `compute_line_total` for each order of a user."""
        rates = {"discount_rate": self.discounts[user["tier"]], "tax_rate": self.taxes[user["region"]]}
        return [{"qty": order["qty"], "unit_price": order["unit_price"], **rates} for order in self.orders[user["id"]]]


def direct() -> Script:
    """Four requests: the users; what hangs on them, each distinct value once; the line totals; the answer."""
    turns = [_ask_for_users, _look_up, _compute_lines, _answer_from_lines]
    return Script(turns, when=lambda request: "list_users" in request.tools, name="direct")


def coding() -> Script:
    """Two requests: the program, and the rows that it gave as the answer; for sessions that were told `HINT`."""
    turns: list[Turn] = [[code(f"{_PROGRAM}rows", _PURPOSE)], _answer_from_block]
    return Script(turns, when=lambda request: HINT in request.task, name="code")


def finishing() -> Script:
    """One request: the program, which ends the session."""
    return Script([[code(f"{_PROGRAM}finish({{'results': rows}})", _PURPOSE)]], name="finish")


def _ask_for_users(_: ModelRequest) -> list[Item]:
    return [function_call("list_users")]


def _look_up(request: ModelRequest) -> list[Item]:
    users = request.outputs("list_users")[0].value
    return [
        *(_call("get_orders_for_user", user_id=user["id"]) for user in users),
        *(_call("get_discount_rate", tier=tier) for tier in _distinct(user["tier"] for user in users)),
        *(_call("get_tax_rate", region=region) for region in _distinct(user["region"] for user in users)),
    ]


def _compute_lines(request: ModelRequest) -> list[Item]:
    facts = _Facts.in_request(request)
    return [_call("compute_line_total", **line) for user in facts.users for line in facts.lines_of(user)]


def _answer_from_lines(request: ModelRequest) -> list[Item]:
    facts = _Facts.in_request(request)
    rows = [
        {
            "user_id": user["id"],
            "name": user["name"],
            "grand_total": round(sum(facts.line_totals[_key(line)] for line in facts.lines_of(user)), 2),
        }
        for user in facts.users
    ]
    return _answer(sorted(rows, key=lambda row: row["grand_total"], reverse=True))


def _answer_from_block(request: ModelRequest) -> list[Item]:
    return _answer(request.outputs("execute_code")[0].value["result"])


def _answer(rows: list[dict[str, Any]]) -> list[Item]:
    return [text(_compact({"results": rows}))]


def _call(tool: str, **arguments: Any) -> Item:  # noqa: ANN401 - JSON of any shape
    return function_call(tool, _compact(arguments))


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _key(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True)


def _compact(value: object) -> str:
    # Models write JSON for machines without spaces.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
