"""What all commands share: the settings of the moment, and how something is shown or written.

Imports of its own are made when they are needed, so that `kg --help` is quick.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.files import replacing
from kg.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file instead of the screen.")
]


def settings_now(store: str = "") -> Settings:
    """Return the settings from the environment, with the `store` that an option named, if any.

    Raises InputError for a bad one.
    """
    env = {**os.environ, "KG_STORE": store} if store else os.environ
    return Settings.from_environment(env)


def show(shown: "Table | str") -> None:
    """Print a table as wide as it is when nobody watches, so that no cell is broken."""
    from rich.console import Console  # noqa: PLC0415 - meant, see above

    console = Console(soft_wrap=False)
    if not isinstance(shown, str) and not console.is_terminal:
        console = Console(width=max(80, Console(width=10_000).measure(shown).maximum))
    console.print(shown)


def write(body: bytes, output: Path | None) -> None:
    """Write to a file, or to standard output as it is.

    Raises NotFoundError without the folder, InputError if the file cannot be written.
    """
    if output is None:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    with replacing(output) as file:
        file.write(body)
