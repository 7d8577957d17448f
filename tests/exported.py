"""An export as its bytes, for tests that look into it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from kg.export import write_export
from kg.settings import Settings


def export(settings: Settings, form: str) -> bytes:
    """Return the current snapshot in the form of one file called `form`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / form
        write_export(settings, form, path)
        return path.read_bytes()
