"""Processes of Seconder that run apart from the test, so that they can be killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from tests.integration.stage import APP, Stage

CHECKOUT = Path(__file__).parents[2]


@asynccontextmanager
async def separate(
    stage: Stage, which: Literal["engine", "code", "tools"], *, python: str = sys.executable
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m workers …`, with the settings of the stage and nothing else; killed at the end if it still lives.

    `python` is the interpreter of another environment, for a worker of another version.
    """
    settings = stage.settings
    everything = {
        "SECONDER_CHANNEL": settings.channel,
        "SECONDER_REVIEWERS": ",".join(settings.reviewers),
        "SECONDER_SLACK_URL": settings.slack_url,
        "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value(),
        "OPENAI_API_KEY": settings.openai_api_key.get_secret_value(),
        "OPENAI_BASE_URL": settings.openai_base_url,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SECONDER_", "TEMPORAL_"))}
    process = await asyncio.create_subprocess_exec(
        *(python, "-m", "workers", which),
        cwd=CHECKOUT,
        env=kept
        | {"SECONDER_APP": ",".join(APP), "TEMPORAL_ADDRESS": stage.client.service_client.config.target_host}
        | (everything if which == "engine" else {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
