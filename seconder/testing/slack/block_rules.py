"""The small language in which the Block Kit tables are written: one class a kind of value, errors worded as Slack's.

A rule reports every fault that it finds with the JSON pointer of the place, so that the answer says what to mend.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

type Report = Callable[[str, str], None]
"""Takes what is wrong, and the JSON pointer of where."""


class Rule(Protocol):
    """What a value must look like."""

    def check(self, value: object, at: str, report: Report) -> None:
        """Report every fault of the value that stands at the JSON pointer `at`."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of `least` to `most` characters, or one of `choices`."""

    most: int | None = None
    least: int = 0
    choices: tuple[str, ...] = ()

    def check(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report("must provide a string", at)
        elif self.choices and value not in self.choices:
            report(f"must be one of: {', '.join(self.choices)}", at)
        elif len(value) < self.least:
            report(f"must be more than {self.least - 1} characters", at)
        elif self.most is not None and len(value) > self.most:
            report(f"must be less than {self.most + 1} characters", at)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def check(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, bool):
            report("must provide a boolean", at)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of `least` to `most`."""

    least: int = 0
    most: int | None = None

    def check(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report("must provide an integer", at)
        elif value < self.least or (self.most is not None and value > self.most):
            report(f"must be between {self.least} and {self.most if self.most is not None else 'infinity'}", at)


@dataclass(frozen=True, slots=True)
class Items:
    """A list of `least` to `most` values, each of which follows `rule`."""

    rule: Rule
    most: int | None = None
    least: int = 1

    def check(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report("must provide an array", at)
            return
        if self.most is not None and len(value) > self.most:
            report(f"no more than {self.most} items allowed", at)
        if len(value) < self.least:
            report(f"must provide at least {self.least} items", at)
        for index, item in enumerate(value):
            self.rule.check(item, f"{at}/{index}", report)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with the fields given and no others."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    """At least one of these optional fields must be there."""
    only_on: tuple[str, ...] = ("message", "modal", "home")

    def check(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report("must provide an object", at)
            return
        for name in self.required:
            if value.get(name) is None:
                report(f"missing required field: {name}", at)
        if self.any_of and all(value.get(name) is None for name in self.any_of):
            report(f"must define either {' or '.join(f'`{name}`' for name in self.any_of)}", at)
        for name, inner in value.items():
            rule = self.required.get(name) or self.optional.get(name)
            if rule is None:
                report(f"additional property: {name}", at)
            elif inner is not None:
                rule.check(inner, f"{at}/{name}", report)


@dataclass(frozen=True, slots=True)
class Typed:
    """An object whose `type` says which of the rules it follows."""

    rules: Mapping[str, Thing]

    def check(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report("must provide an object", at)
            return
        kind = value.get("type")
        if kind is None:
            report("missing required field: type", at)
        elif (rule := self.rules.get(kind) if isinstance(kind, str) else None) is None:
            report(f"unsupported type: {kind}", f"{at}/type")
        else:
            rule.check({name: inner for name, inner in value.items() if name != "type"}, at, report)


class Findings:
    """Collects reports in the form that Slack puts into `response_metadata.messages`."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def __call__(self, what: str, at: str) -> None:
        self.messages.append(f"{what} [json-pointer:{at}]")


def walk(node: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Every object inside the JSON value, the outer ones first."""
    if isinstance(node, list):
        return [found for item in node for found in walk(item)]
    if isinstance(node, dict):
        return [node, *(found for inner in node.values() for found in walk(inner))]
    return []
