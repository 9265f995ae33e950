"""The `seconder` command, as a process of its own beside a stage."""

import asyncio
import os
import sys

from tests.integration.stage import Stage


async def command(stage: Stage, *arguments: str, **variables: str) -> tuple[int | None, str, str]:
    """Run it with the stage's Temporal and store, unless `variables` say otherwise: exit code, output, complaints."""
    address: str = stage.client.service_client.config.target_host
    known = {"TEMPORAL_ADDRESS": address, "SECONDER_STORAGE": stage.settings.storage}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", "from seconder.cli import main; main()", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | known | variables,
    )
    output, said = await process.communicate()
    return process.returncode, output.decode(), said.decode()
