"""The artifact store that the settings name: opened, and proved to work before a process takes on anything."""

from seconder.artifacts import ArtifactStore, open_store
from seconder.errors import ConfigurationError
from workers.settings import Settings, variable_of

_PROOF = b"Seconder can write here, and read what it wrote."


def artifact_store(settings: Settings) -> ArtifactStore:
    """The store; nothing is read or written yet.

    Raises:
        ConfigurationError: `SECONDER_STORAGE` names no place for one.
    """
    try:
        return open_store(settings.storage_location)
    except ConfigurationError as error:
        raise ConfigurationError(f"{variable_of('storage')}: {error}") from error


async def working_store(settings: Settings) -> ArtifactStore:
    """The store, after a blob was written and read.

    Raises:
        ConfigurationError: `SECONDER_STORAGE` names no place for one.
        ServiceError: it cannot be written to or read.
    """
    store = artifact_store(settings)
    await store.get(await store.put(_PROOF))
    return store
