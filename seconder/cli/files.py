"""`seconder files`: what the blocks of a session keep in `/workspace`."""

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from seconder.artifacts import ArtifactStore
from seconder.cli.asking import ask, storage
from seconder.cli.printing import plain, print_json, print_table, progress
from seconder.cli.sessions import JsonOption, SessionArgument
from seconder.contracts.workspaces import WorkspaceFile, require_path
from seconder.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("files")(files)


def files(
    session: SessionArgument,
    *,
    out: Annotated[Path | None, typer.Option(help="Write the files into this folder, which must not exist.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the files that the blocks of a session keep, or write them out."""
    found = ask(lambda client: client.files(session))
    if out is not None:
        asyncio.run(_write(found, out, storage()))
    if as_json:
        print_json({path: file.model_dump(mode="json") for path, file in found.items()})
    elif not found:
        progress().print("The session keeps no files.")
    else:
        print_table(
            ("file", "bytes", "sha256"),
            [(plain(path), plain(f"{file.size:,}"), plain(file.digest)) for path, file in found.items()],
        )


async def _write(found: Mapping[str, WorkspaceFile], folder: Path, store: ArtifactStore) -> None:
    """Write files that a model's code has made: below the folder, never over what is there, never executable."""
    for path in found:
        require_path(path)
    try:
        await asyncio.to_thread(folder.mkdir, parents=True)
        async with contextlib.AsyncExitStack() as undo:
            # What is there in part would pass for the whole, and be in the way of another try.
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            for path, file in found.items():
                await asyncio.to_thread(_write_one, folder / path, await store.get(file.digest))
            undo.pop_all()
    except OSError as error:
        raise ConfigurationError(f"The files cannot be written into {folder}: {error}") from error


def _write_one(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(content)
