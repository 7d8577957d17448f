"""A progress bar on standard error, where somebody watches; otherwise nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TextColumn("{task.completed:,.0f} done"),
    TimeElapsedColumn(),
)


@contextmanager
def progress(
    label: str, total: Callable[[], int] | None, console: Console | None = None
) -> Iterator[Callable[[int], None]]:
    """Show how far some work is; yields the function to report further steps to.

    `total` tells how many steps there are, None if nobody knows; it is asked only where the
    console, standard error if none is given, is a terminal. The bar vanishes in the end.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Progress(*_COLUMNS, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total() if total else None)
        yield lambda steps: bar.advance(task, steps)
