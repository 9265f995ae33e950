"""Hyperlight for tests: directly where /dev/kvm works, and otherwise in an emulated machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.backends.hyperlight import HyperlightSandbox
from sandbox.protocol import Sandbox, SandboxUnavailable
from tests.hyperlight.kernel import NoKernel
from tests.hyperlight.machine import booted, why_not
from tests.hyperlight.remote import RemoteSandbox

SECRET = {"SECONDER_TEST_SECRET": "do not tell"}
"""In the environment of the worker in the machine, which tests cannot change from outside."""


@asynccontextmanager
async def hyperlight(cache: Path) -> AsyncIterator[Sandbox]:
    """A started sandbox; skips the test that asked for it where there can be none, with the reason."""
    here = HyperlightSandbox(cache, warm=2)
    try:
        await here.start()
    except SandboxUnavailable as error:
        unavailable = error
    else:
        yield here
        await here.close()
        return
    if reason := why_not():
        pytest.skip(f"{unavailable}; nor can a machine be emulated in which it could: {reason}")
    try:
        async with booted(cache, "tests.hyperlight.station", {"CACHE": str(cache), **SECRET}) as machine:
            there = RemoteSandbox(machine)
            await there.start()
            yield there
            await there.close()
    except NoKernel as error:
        pytest.skip(f"{unavailable}; nor can a machine be emulated in which it could: {error}")
