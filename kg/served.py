"""What is served: the files that the user names, or the newest snapshot, or the bundled one."""

from pathlib import Path

from kg.assets import locate
from kg.context import read_context
from kg.disk import FOLDER
from kg.errors import InputError, NotFoundError
from kg.rdf import Prefixes
from kg.results import Caps
from kg.settings import Settings, is_remote
from kg.snapshots import DATA, current_snapshot, read_snapshot
from kg.worker import LoaderConfig


def loader_config(
    settings: Settings, files: list[Path] | None, *, compact: bool = True
) -> LoaderConfig:
    """Return what the loader is to hold: the given files, or the current snapshot.

    A snapshot must have the digest that its record names: its fingerprint, for the data are
    canonical N-Quads. JSON-LD is `compact`, with our context.
    Raises NotFoundError or DataError when it cannot be served.
    """
    assets = locate(settings)
    digest, about = None, {}
    if is_remote(settings.store):
        if files:
            raise InputError("Files are served from memory or disk; leave them out, or --store.")
        files = []
    if files is None:
        folder = current_snapshot(settings)
        snapshot = read_snapshot(folder)
        digest, about, files = snapshot.dataset, dict(snapshot.counts), [folder / DATA]
    for path in files:
        if not path.is_file():
            raise NotFoundError(f"There is no file {path}.")
    return LoaderConfig(
        files=tuple(str(path.absolute()) for path in files),
        digest=digest,
        prefixes=dict(Prefixes.read(assets.prefixes)),
        context=read_context(assets.ontology) if compact else None,
        about=about,
        workers=settings.workers,
        spare=int(not is_remote(settings.store)),  # what is stopped here goes on at another server
        memory=settings.worker_memory,
        caps=Caps(settings.row_limit, settings.byte_limit),
        store=settings.store,
        stores=str(settings.snapshots / FOLDER),
        user=settings.store_user,
        password=settings.store_password,
    )
