"""A code worker that kills itself at a chosen moment of a block: `python -m tests.integration.dying FOLDER`.

A block names the moment in its first line, as `# dies: RUN CALL PHASE`: in which of its runs (from 0), at which call
(0 for the start and the end of the run), and when: `before` the call is answered, `during`, `after`; `start`, `end`.
Each moment comes once: FOLDER remembers what has happened. Whenever the worker has died, the next one is forked from a
process that has everything imported, and the line `died -9` says so.
"""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Final

from sandbox.protocol import Answer, Answerer, BlockOutcome, BlockSpec, Call, Sandbox, SandboxDescription
from seconder.agents import load_agents
from seconder.connection import connect
from workers.code import code_worker, session_files
from workers.sandboxes import sandboxes
from workers.settings import load_settings
from workers.storage import working_store

_MOMENT: Final = re.compile(r"# dies: (\d+) (\d+) (\w+)")


class DyingSandbox:
    """A sandbox whose worker dies when a block has come to the moment that it names."""

    def __init__(self, inner: Sandbox, folder: Path) -> None:
        self._inner = inner
        self._folder = folder

    async def start(self) -> None:
        await self._inner.start()

    async def close(self) -> None:
        await self._inner.close()

    def describe(self) -> SandboxDescription:
        return self._inner.describe()

    async def run(self, spec: BlockSpec, answer: Answerer) -> BlockOutcome:
        """Run a block, or die on the way."""
        found = _MOMENT.match(spec.code.strip())
        if found is None or int(found[1]) != spec.journal.suspensions:
            return await self._inner.run(spec, answer)
        number, phase = int(found[2]), found[3]

        async def answer_or_die(call: Call) -> Answer:
            if call.number != number:
                return await answer(call)
            self._die(spec, phase, "before")
            answering = asyncio.ensure_future(answer(call))
            await asyncio.sleep(0)
            self._die(spec, phase, "during")
            answered = await answering
            self._die(spec, phase, "after")
            return answered

        self._die(spec, phase, "start")
        outcome = await self._inner.run(spec, answer_or_die)
        self._die(spec, phase, "end")
        return outcome

    def _die(self, spec: BlockSpec, planned: str, now: str) -> None:
        if planned != now:
            return
        mark = self._folder / spec.journal.seed
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


async def serve(folder: Path) -> None:
    """Serve until killed."""
    settings = load_settings()
    agents = load_agents(settings.app)
    client = await connect(storage=await working_store(settings))
    async with sandboxes(settings, agents) as ready:
        dying = {name: DyingSandbox(sandbox, folder) for name, sandbox in ready.items()}
        await code_worker(client, settings, agents, dying, await session_files(settings)).run()


def main(folder: Path) -> None:
    """Keep one worker alive, for ever."""
    while True:
        child = os.fork()
        if not child:
            asyncio.run(serve(folder))
            return
        _, status = os.waitpid(child, 0)
        print(f"died {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201 - for the test that reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
