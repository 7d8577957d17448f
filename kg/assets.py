"""Where the program's files are: in a checkout, or inside the installed package; its version.

The Turtle (`ontology/`, `data/`, `shapes/`) is edited by people in a checkout and
travels in the wheel under `kg/bundle/`. Queries, templates and static files belong to
the package and always lie beside this module.
"""

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from kg.errors import NotFoundError
from kg.settings import Settings

PACKAGE = Path(__file__).resolve().parent
QUERIES = PACKAGE / "queries"
PROBES = PACKAGE / "probes"
EXPORTS = PACKAGE / "exports"
TEMPLATES = PACKAGE / "templates"
STATIC = PACKAGE / "static"
_BUNDLE = PACKAGE / "bundle"


@dataclass(frozen=True)
class Assets:
    """The folder that holds the Turtle sources, and its three parts."""

    root: Path

    @property
    def ontology(self) -> Path:
        """The folder of classes, properties, vocabularies and rules."""
        return self.root / "ontology"

    @property
    def data(self) -> Path:
        """The folder of documents, passages, entities and claims."""
        return self.root / "data"

    @property
    def shapes(self) -> Path:
        """The folder of SHACL shapes."""
        return self.root / "shapes"

    @property
    def prefixes(self) -> Path:
        """The only prefix list."""
        return self.ontology / "prefixes.ttl"

    def complete(self) -> bool:
        """Tell whether the folder is a source folder of this program."""
        return self.prefixes.is_file() and self.data.is_dir() and self.shapes.is_dir()

    def turtle_files(self) -> list[Path]:
        """Return every Turtle file of the three parts, in a fixed order."""
        folders = (self.ontology, self.data, self.shapes)
        return [path for folder in folders for path in sorted(folder.rglob("*.ttl"))]


def locate(settings: Settings, start: Path | None = None) -> Assets:
    """Return the Turtle sources to work on.

    In this order: the setting `KG_SOURCE`; the checkout around `start` (the current
    folder if none), so that an installed command works on what its user edits; the
    checkout that this package lies in; what the wheel carries. Raises `NotFoundError`
    if the setting names a folder that lacks a part, or nothing is found.
    """
    if (source := settings.source) is not None:
        if Assets(source).complete():
            return Assets(source)
        raise NotFoundError(
            f"KG_SOURCE is {source}, which lacks ontology/prefixes.ttl, data/ or shapes/."
        )
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents, PACKAGE.parent, _BUNDLE):
        if Assets(folder).complete():
            return Assets(folder)
    raise NotFoundError(
        "No ontology/, data/ and shapes/ were found; set KG_SOURCE to the folder that holds them."
    )


def bundled_snapshot() -> Path | None:
    """Return the folder of the snapshot that the wheel carries, or None in a checkout."""
    folder = _BUNDLE / "snapshot"
    return folder if (folder / "snapshot.json").is_file() else None


def guide() -> str:
    """Return the guide to the ontology, in Markdown: what travels with the program's Turtle."""
    folder = next(each for each in (PACKAGE.parent, _BUNDLE) if Assets(each).complete())
    return (Assets(folder).ontology / "README.md").read_text("utf-8")


def probe(name: str) -> str:
    """Return the text of a query that the program asks itself: a file of `kg/probes/`."""
    return (PROBES / f"{name}.rq").read_text("utf-8")


def version() -> str:
    """Return the installed version; `0` in a checkout that was never installed."""
    try:
        return metadata.version("contested-kg")
    except metadata.PackageNotFoundError:
        return "0"


def environment() -> dict[str, str]:
    """Return the environment for a process of our own, which is to find this same package."""
    paths = (str(PACKAGE.parent), os.environ.get("PYTHONPATH", ""))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
