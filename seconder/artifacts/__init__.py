"""Artifacts: bytes that are too large for a history, kept under the SHA-256 of their content.

store = open_store("data/artifacts")            # or "s3://bucket/prefix"
digest = await store.put(b"...")
assert await store.get(digest) == b"..."
"""

from seconder.artifacts.folder import FolderStore
from seconder.artifacts.opening import open_store
from seconder.artifacts.store import ArtifactStore

__all__ = ["ArtifactStore", "FolderStore", "open_store"]
