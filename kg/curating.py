"""The curator's commands of `kg`: passages, mentions, format, link.

As in `kg/cli.py`, each command imports what it needs when it runs.
"""

# ruff: noqa: PLC0415 - imports inside commands are meant

from pathlib import Path
from typing import Annotated

import typer

from kg.terminal import Output, settings_now, show, write

app = typer.Typer()


@app.command()
def passages(
    file: Annotated[Path, typer.Argument(help="A text in UTF-8.")],
    slug: Annotated[str | None, typer.Option(help="Identifier of the document.")] = None,
    reviewed: Annotated[
        Path | None, typer.Option(help="A reviewed CSV table (start, end, kind, section, factual).")
    ] = None,
    output: Output = None,
) -> None:
    """Propose the passages of a document; the report goes to standard error."""
    from kg.assets import locate
    from kg.documents import load_documents
    from kg.passages import draft

    settings = settings_now()
    documents = load_documents(locate(settings).data)
    made = draft(file, documents, slug, reviewed, settings.documents)
    typer.echo(made.report, err=True)
    write(made.turtle.encode(), output)


@app.command()
def mentions(
    check: Annotated[bool, typer.Option("--check", help="Write nothing.")] = False,  # noqa: FBT002
) -> None:
    """Write which passage names which entity, from the texts; exit 1 if a name is unknown."""
    from kg.assets import locate
    from kg.mentions import update_mentions

    settings = settings_now()
    update = update_mentions(locate(settings), settings.documents, check=check)
    typer.echo(update.report)
    typer.echo("".join(f"{fault}\n" for fault in update.faults), err=True, nl=False)
    raise typer.Exit(1 if update.faults else 0)


@app.command("format")
def format_(
    files: Annotated[list[Path] | None, typer.Argument(help="Turtle files; else all.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if any.")] = False,  # noqa: FBT002
) -> None:
    """Bring Turtle files into their canonical form."""
    from kg.assets import locate
    from kg.format import format_files
    from kg.rdf import Prefixes

    assets = locate(settings_now())
    chosen = files or assets.turtle_files()
    changed = format_files(chosen, Prefixes.read(assets.prefixes), check=check)
    for path in changed:
        typer.echo(f"{'not canonical' if check else 'formatted'}: {path}")
    raise typer.Exit(1 if check and changed else 0)


@app.command()
def link(  # noqa: PLR0913, PLR0917 - one parameter an option
    names: Annotated[list[str] | None, typer.Argument(help="Only these; else all without.")] = None,
    kind: Annotated[str, typer.Option("--type", help="Only things of this class.")] = "",
    candidates: Annotated[
        Path | None, typer.Option(help="Write the candidates to this file, to be judged.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="File of kept answers (beside the snapshots).")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use kept answers only.")] = False,  # noqa: FBT002
    accept: Annotated[Path | None, typer.Option(help="Add a judged file's accepted rows.")] = None,
    author: Annotated[str, typer.Option(help="Who has judged, with --accept.")] = "",
) -> None:
    """Look for things on Wikidata; candidates become links only by --accept."""
    from datetime import UTC, datetime

    from kg import link as linker

    settings = settings_now()
    if accept:
        today = datetime.now(UTC).date().isoformat()
        number, path = linker.accept(settings, accept, author, today)
        typer.echo(f"{number} mappings added to {path}")
        return
    search = linker.Search(names or (), kind, answers, offline)
    outcome = linker.find(settings, search)
    if candidates:
        write(outcome.tsv().encode(), candidates)
    show(outcome.table())
