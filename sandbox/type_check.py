"""What a type checker can say about a block before anybody is asked: calls, keys and values that cannot work.

    check = await check_types(code, {"get_order": "async def get_order(order_id: int) -> Order: ..."})
    if check.problems:
        ...                                # back to the model; str(problem) names the line and how to mend it
    elif check.unavailable:
        ...                                # nothing is known; log it, and go on

Like screening, this spares people blocks that cannot work and is no wall. It reports only what is surely wrong.
"""

import ast
import asyncio
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from sandbox.guest.style import awaits_its_calls
from sandbox.screening import MAX_PROBLEMS, Problem
from sandbox.type_findings import Suspicion, Suspicions
from sandbox.type_process import BLOCK_FILE, CheckerUnavailable, Finding, installed_checker, prepare, run_checker
from sandbox.type_stubs import ToolStub, parsed_stubs, stub_files
from sandbox.type_text import CheckedText, without_annotations

WITHIN_SECONDS: Final = 5.0
"""Some fifty times what a check takes; the rest is for machines that are busy."""


class TypeCheck(BaseModel):
    """What came of a check: `problems` in the order of the code, or why there was none in `unavailable`."""

    model_config = ConfigDict(frozen=True)

    problems: tuple[Problem, ...] = ()
    unavailable: str = ""


async def check_types(
    code: str, stubs: Mapping[str, str], *, within_seconds: float = WITHIN_SECONDS, checker: Path | None = None
) -> TypeCheck:
    """Hold a block that passed the screening against its tools' stubs, without running any of it.

    `stubs` maps the names of all tools that the block may call to their signatures; `checker` is the program ty, by
    default the one that is installed. Never raises for what is in the block: a checker that is missing, breaks down or
    takes longer than `within_seconds` is told in `unavailable`.
    """
    try:
        async with asyncio.timeout(within_seconds):
            with tempfile.TemporaryDirectory(prefix="seconder-types-", ignore_cleanup_errors=True) as folder:
                check = _Check(checker or installed_checker(), Path(folder))
                return TypeCheck(problems=await check.problems(code, stubs))
    except TimeoutError:
        return TypeCheck(unavailable=f"the type checker took longer than {within_seconds:g} s")
    except CheckerUnavailable as error:
        return TypeCheck(unavailable=str(error))
    except (SyntaxError, ValueError) as error:
        return TypeCheck(unavailable=f"the code cannot be handed to the type checker: {error}")
    except (RecursionError, MemoryError):
        return TypeCheck(unavailable="the code is nested too deeply for the type checker")


class _Check:
    """Two runs over one block: the first finds what is suspicious, the second tells the types of what that is about."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder

    async def problems(self, code: str, stubs: Mapping[str, str]) -> tuple[Problem, ...]:
        checked, tools = await asyncio.to_thread(_prepared, code, stubs, self._folder)
        findings = await self._run(checked.text)
        suspicions = await asyncio.to_thread(lambda: Suspicions(checked, tools, findings).all())
        types = await self._types(checked, suspicions)
        lines = code.splitlines()
        found = {}
        for suspicion in suspicions:
            told = [types[id(node)] for node in suspicion.about if id(node) in types]
            if len(told) == len(suspicion.about) and (words := suspicion.verdict(told)) is not None:
                line: int = suspicion.node.lineno  # type: ignore[attr-defined]
                found[line, words] = Problem(message=words, line=line, source=lines[line - 1][:200])
        return tuple(found[key] for key in sorted(found))[:MAX_PROBLEMS]

    async def _types(self, checked: CheckedText, suspicions: Sequence[Suspicion]) -> dict[int, str]:
        """What the checker takes the expressions for that suspicions are about, by their identity."""
        asked = list({id(node): node for suspicion in suspicions for node in suspicion.about}.values())
        if not asked:
            return {}
        text, places = await asyncio.to_thread(checked.revealing, asked)
        told = {}
        for finding in await self._run(text):
            number = places.get((finding.begin, finding.end))
            if finding.rule == "revealed-type" and number is not None:
                told[id(asked[number])] = finding.message.removeprefix("Revealed type: ").strip("`")
        return told

    async def _run(self, text: str) -> list[Finding]:
        (self._folder / BLOCK_FILE).write_text(text, encoding="utf-8")
        return await run_checker(self._program, self._folder)


def _prepared(code: str, stubs: Mapping[str, str], folder: Path) -> tuple[CheckedText, dict[str, ToolStub]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(code)
    tools = parsed_stubs(stubs, code)
    classes = {name for tool in tools.values() for name in tool.classes}
    checked = CheckedText(without_annotations(tree, classes))
    prepare(folder, stub_files(stubs, tools, awaits=awaits_its_calls(tree)), Suspicions.RULES)
    return checked, tools
