"""The benchmark of lanes, each once and for real: sessions, sandbox, the openai client, a scripted model."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench.code_lane import as_json, measure, table, targets, write
from bench.lanes import LANES, Lane, Run, direct_body
from workers.settings import Settings

Runs = Mapping[Lane, Run]


@pytest.fixture(scope="module")
async def runs() -> Runs:
    """One measured run of each lane."""
    return await measure(1, Settings().changed(openai_api_key=""))


async def test_every_lane_gives_the_right_answer(runs: Runs) -> None:
    """Each lane answers to the cent without a failure, in as many requests and calls as it is meant to."""
    assert {lane: (run.correct, run.failures) for lane, run in runs.items()} == dict.fromkeys(LANES, (True, 0))
    assert {lane: run.requests for lane, run in runs.items()} == {"direct": 4, "code": 2, "finish": 1}
    assert {lane: run.tool_calls for lane, run in runs.items()} == {"direct": 26, "code": 36, "finish": 36}


async def test_the_targets_are_met(runs: Runs) -> None:
    """Tokens and requests stay within the targets; a longer prompt shows here."""
    assert [target.sentence for target in targets(runs) if not target.met] == []


async def test_a_wrong_answer_misses_the_targets(runs: Runs) -> None:
    """A lane that answered wrongly, or a finishing lane that saved too little, is not called a success."""
    wrong = dict(runs) | {"code": replace(runs["code"], correct=False)}
    wasteful = dict(runs) | {"finish": replace(runs["finish"], output_tokens=runs["direct"].tokens // 4)}
    for bad in (wrong, wasteful):
        assert not all(target.met for target in targets(bad))


async def test_what_is_written_says_the_same(runs: Runs, tmp_path: Path) -> None:
    """The folder gets a table, JSON of the promised shape, and a plot that is sound SVG with every lane in it."""
    write(tmp_path / "results", runs)
    told = json.loads((tmp_path / "results/code_lane.json").read_text())
    assert list(told) == list(LANES)
    keys = {"requests", "input_tokens", "output_tokens", "bytes", "tool_calls", "failures", "overhead_ms", "correct"}
    assert all(set(row) == keys for row in told.values())
    assert told == json.loads(as_json(runs))
    assert (tmp_path / "results/code_lane.md").read_text().strip() == table(runs)
    plot = ET.parse(tmp_path / "results/code_lane.svg").getroot()  # noqa: S314 - written just now
    drawn = {"".join(element.itertext()) for element in plot.iter() if element.tag.endswith("text")}
    assert {*LANES, *(f"{run.tokens:,}" for run in runs.values())} <= drawn


def test_the_direct_lane_is_not_made_worse() -> None:
    """It is offered the same tools and the same answer format, with nothing but what the API needs."""
    body = direct_body("gpt-5.1")
    assert [tool["name"] for tool in body["tools"]] == [
        "list_users",
        "get_orders_for_user",
        "get_discount_rate",
        "get_tax_rate",
        "compute_line_total",
    ]
    assert "title" not in json.dumps(body["tools"])
    assert "reviewer" not in json.dumps(body)
