"""Build hook: the wheel carries a built and validated snapshot, so the first start is instant."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SnapshotHook(BuildHookInterface[Any]):
    """Put a snapshot of the Turtle in this tree into the wheel as `kg/bundle/snapshot`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build and validate; a fault stops the wheel with one sentence.

        An editable install reads the checkout and needs no snapshot.
        """
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="contested-kg-")
        snapshot = _snapshot(Path(self.root), Path(self._folder.name))
        build_data["force_include"][str(snapshot)] = "kg/bundle/snapshot"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if version != "editable":
            self._folder.cleanup()


def _snapshot(root: Path, folder: Path) -> Path:
    """Return the folder of a valid snapshot; leave the build with a sentence otherwise."""
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    from kg.assets import locate
    from kg.build import build_snapshot
    from kg.errors import KgError
    from kg.settings import Settings
    from kg.snapshots import mark_validated
    from kg.validate import validate_snapshot

    try:
        # Not from the environment: what everybody installs depends on this tree alone.
        settings = Settings(snapshots=folder, source=root)
        snapshot = build_snapshot(settings)
        report = validate_snapshot(snapshot, locate(settings))
    except KgError as error:
        sys.exit(f"The snapshot cannot be built: {error}")
    if not report.conforms:
        sys.exit("The snapshot is not valid; run `kg build && kg validate` to see why.")
    mark_validated(snapshot)
    return snapshot
