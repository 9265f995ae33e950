"""The JSON Schema that a session's answer must obey: judged before any work begins, and applied at the end.

It comes from whoever starts a session. What could not be applied at the end, after everything was done, is refused at
the beginning; and nothing that it refers to is ever fetched.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import JsonValue
from referencing import Registry
from referencing import Resource as SchemaResource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from seconder.child_processes import end_group, ended, start_child

SCHEMA_MAX_BYTES: Final = 100_000
"""It goes along with every request to the model."""
JUDGED_WITHIN_SECONDS: Final = 10.0
_PROBLEMS_MAX: Final = 10
_MEMORY_BYTES: Final = 2**30
_ENDLESS_CODE: Final = 3
_ENDLESS: Final = "refers to itself without an end, or is nested too deeply"


def problem_with(schema: dict[str, Any]) -> str:
    """Why no answer could be held to this schema, as the rest of a sentence that names it; empty when one can."""
    size = len(json.dumps(schema, ensure_ascii=False).encode("utf-8", "replace"))
    if size > SCHEMA_MAX_BYTES:
        return f"is {size} bytes long; {SCHEMA_MAX_BYTES} are allowed"
    try:
        # With the formats: a `pattern` that is no regular expression shows only there.
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        whole = DRAFT202012.create_resource(schema)
        registry: Registry[Any] = Registry().with_resource(whole.id() or "", whole)
        _resolve_references(registry.resolver_with_root(whole), whole)
        problems_of(schema, None)
    except SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path) or "its root"
        return f"is no JSON Schema: at {where}, {error.message[:500]}"
    except Unresolvable as error:
        return f"refers to {error.ref!r}, which is not in it; nothing is fetched"
    except RecursionError:
        return _ENDLESS
    return ""


def problems_of(schema: dict[str, Any], answer: JsonValue) -> list[str]:
    """Where an answer does not obey the schema, the first of them; empty when it does.

    Raises:
        RecursionError: schema and answer go on without an end.
    """
    validator = Draft202012Validator(schema, registry=Registry())
    found = sorted(validator.iter_errors(answer), key=lambda problem: problem.json_path)
    return [f"{problem.json_path}: {problem.message[:300]}" for problem in found[:_PROBLEMS_MAX]]


def _resolve_references(resolver: Any, whole: SchemaResource[Any]) -> None:  # noqa: ANN401 - its class is private
    if isinstance(whole.contents, dict):
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(reference := whole.contents.get(keyword), str):
                resolver.lookup(reference)
    for part in whole.subresources():
        _resolve_references(resolver.in_subresource(part), part)


async def problem_found_apart(schema: dict[str, Any]) -> str:
    """`problem_with`, in a process of its own; a schema that takes too long or too much to judge has that problem."""
    try:
        problem: str = await _judged_apart([schema])
    except TimeoutError:
        return f"takes longer than {JUDGED_WITHIN_SECONDS:g} s to judge"
    except RecursionError:
        return _ENDLESS
    return problem


async def problems_found_apart(schema: dict[str, Any], answer: JsonValue) -> list[str]:
    """`problems_of`, in a process of its own.

    Raises:
        TimeoutError: it took longer than `JUDGED_WITHIN_SECONDS`.
        RecursionError: schema and answer go on without an end.
    """
    problems: list[str] = await _judged_apart([schema, answer])
    return problems


async def _judged_apart(what: list[Any]) -> Any:  # noqa: ANN401 - what either of the two gives
    """Judge in a process that can be killed, and that has so much memory and no more.

    A few references make a schema with millions of paths; a `pattern` may take for ever on the right answer, and
    Python's `re` lets no other thread run meanwhile.
    """
    said = json.dumps(what).encode()
    process = await start_child(
        *(sys.executable, "-m", "activities.schemas"),
        environment={},
        folder=Path(__file__).parent.parent,
        stdin=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(JUDGED_WITHIN_SECONDS):
            judgement, _ = await process.communicate(said)
    finally:
        end_group(process)
        await ended(process)
    if process.returncode == _ENDLESS_CODE:
        raise RecursionError(_ENDLESS)
    if process.returncode:
        raise OSError(f"the process that judges schemas ended with code {process.returncode}")
    return json.loads(judgement)


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        what = json.load(sys.stdin)
        judgement = problem_with(*what) if len(what) == 1 else problems_of(*what)
    except (RecursionError, MemoryError):
        sys.exit(_ENDLESS_CODE)
    json.dump(judgement, sys.stdout)


if __name__ == "__main__":
    _main()
