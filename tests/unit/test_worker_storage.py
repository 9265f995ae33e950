"""The store that the settings name: where it is, and what stops a process that could not use it."""

from pathlib import Path

import pytest

from seconder.errors import ConfigurationError, ServiceError
from workers.settings import Settings
from workers.storage import artifact_store, working_store


async def test_a_process_proves_its_store_before_it_starts(tmp_path: Path) -> None:
    """By default the store lies in the data folder; after the start it is there and works."""
    store = await working_store(Settings().changed(data=tmp_path))
    assert store.location == str(tmp_path / "artifacts")
    assert await store.get(await store.put(b"anything")) == b"anything"
    elsewhere = Settings().changed(data=tmp_path, storage=str(tmp_path / "elsewhere"))
    assert (await working_store(elsewhere)).location == str(tmp_path / "elsewhere")


async def test_a_store_that_cannot_be_used_stops_the_start() -> None:
    """Rather than every session that would need it later."""
    with pytest.raises(ServiceError, match="/dev/null/artifacts cannot be written to: Not a directory"):
        await working_store(Settings().changed(storage="/dev/null/artifacts"))


def test_a_wrong_place_is_said_with_its_variable() -> None:
    """The message names the setting that has to be mended."""
    with pytest.raises(ConfigurationError, match="SECONDER_STORAGE: Artifacts cannot be kept at gs://"):
        artifact_store(Settings().changed(storage="gs://bucket"))
