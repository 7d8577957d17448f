"""The command `kg`: build, validate, query, coverage, serve, publish, export.

The curator's commands are in `kg/curating.py`. Each command imports what it needs when it runs, so
that `kg --help` is quick. A foreseen fault ends as one sentence on standard error and exit
code 2; `run` is the only place where that is done.
"""

# ruff: noqa: PLC0415 - imports inside commands are meant

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kg import curating
from kg.errors import InputError, KgError
from kg.terminal import Output, settings_now, show, write

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A knowledge graph of contested events: every statement with its passage and speaker.",
)

_STORE_HELP = "memory, disk, or the URL of a SPARQL 1.1 query service (KG_STORE)."

#: Exit code after a foreseen fault.
_FAILED = 2
#: Exit code after Ctrl-C, as shells have it (128 + SIGINT).
_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit; the entry point `kg`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; foreseen faults are told in one sentence."""
    try:
        code = app(args=list(arguments), standalone_mode=False)
        sys.stdout.flush()
    except KgError as error:
        return _fail(str(error))
    except typer.TyperException as error:
        return _fail(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        code = _enough()
    except SystemExit as leaving:
        # The library of commands exits by itself where the reader has gone.
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        code = _enough()
    except OSError as error:
        _finish()
        return _fail(f"{error.filename or 'The system'}: {error.strerror}.")
    return code if isinstance(code, int) else 0


def _enough() -> int:
    """Return the exit code where the reader (head, less) has what it wanted."""
    _discard()
    return 0


def _finish() -> None:
    """Write what is still to be written; what cannot be, Python would complain of at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard()


def _discard() -> None:
    """Have nothing more reach standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.callback(invoke_without_command=True)
def common(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    """Options that stand before a command."""
    if version:
        from kg import assets

        typer.echo(assets.version())
        raise typer.Exit


@app.command()
def build() -> None:
    """Build the graph from ontology/ and data/ and write a snapshot."""
    from kg.assets import locate
    from kg.build import build_snapshot
    from kg.documents import load_documents
    from kg.evidence import missing_texts
    from kg.snapshots import read_snapshot

    settings = settings_now()
    folder = build_snapshot(settings)
    if settings.documents is not None:
        documents = load_documents(locate(settings).data)
        if missing := ", ".join(missing_texts(documents, settings.documents)):
            typer.echo(
                f"kg: {settings.documents} has no text of {missing}: not compared.", err=True
            )
    counts = read_snapshot(folder).counts
    said = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    typer.echo(f"{said}\n{folder}")


@app.command()
def validate(
    snapshot: Annotated[
        Path | None, typer.Argument(help="A snapshot's folder or an RDF file; else the current.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Check a snapshot against shapes/; exit code 0 if it conforms, 1 if not."""
    from kg.assets import locate
    from kg.build import misbuilt
    from kg.rdf import Prefixes
    from kg.snapshots import (
        DATA,
        current_snapshot,
        has_record,
        is_changed,
        mark_validated,
        refuse_outdated,
    )
    from kg.validate import validate_snapshot

    settings = settings_now()
    assets = locate(settings)
    folder = snapshot or current_snapshot(settings)
    if snapshot is None:
        refuse_outdated(folder, assets)
    report = validate_snapshot(folder, assets)
    fault = ""
    if is_changed(folder):
        fault = (
            f"The data in {folder.name[:16]} are not those that were built: their fingerprint is"
            " another than the record's; run `kg build`."
        )
    elif report.conforms and not has_record(folder):
        fault = misbuilt(folder / DATA if folder.is_dir() else folder, assets)
    elif report.conforms and folder.parent == settings.snapshots:
        mark_validated(folder)
    if fault:
        typer.echo(f"kg: {fault}", err=True)
    if as_json:
        typer.echo(report.json())
    elif report.results:
        show(report.table(Prefixes.read(assets.prefixes).shorten))
    else:
        typer.echo("The graph conforms to every shape.")
    raise typer.Exit(1 if fault or not report.conforms else 0)


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def query(
    context: typer.Context,
    question: Annotated[
        str | None, typer.Argument(help="A named question, a file FILE.rq, or - for input.")
    ] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="table, csv, json, turtle…")] = "",
    output: Output = None,
    store: Annotated[str, typer.Option(help=_STORE_HELP)] = "",
) -> None:
    """Ask a named question (kg query NAME --help), a file of SPARQL, or - for standard input."""
    from kg.asking import Request, answer, help_text

    arguments = list(context.args)
    if question in ("--help", "-h") or {"--help", "-h"} & set(arguments):
        typer.echo(help_text(question))
        return
    if question is None:
        _list_questions()
        return
    found = answer(settings_now(store), Request(question, arguments, form))
    if isinstance(found, bytes):
        write(found, output)
    elif output:
        raise InputError("A table goes to the screen; add --format csv (or another) to --output.")
    else:
        show(found)


@app.command()
def coverage(
    document: Annotated[str | None, typer.Argument(help="One document; else all.")] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="table, csv, tsv, json, xml")] = "",
) -> None:
    """Tell how much of each document and section has claims."""
    from kg import asking

    request = asking.Request("coverage", [document] if document else [], form)
    found = asking.coverage(settings_now(), request)
    if isinstance(found, bytes):
        write(found, None)
    else:
        table, summed_up = found
        show(table)
        typer.echo(summed_up)


@app.command()
def serve(
    files: Annotated[
        list[Path] | None, typer.Argument(help="RDF files to serve instead of the snapshot.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port (8000).")] = None,
    store: Annotated[str, typer.Option(help=_STORE_HELP)] = "",
) -> None:
    """Serve the graph: SPARQL endpoint and pages."""
    from kg import serve as server

    server.serve(settings_now(store), files or None, host, port)


@app.command()
def publish(
    to: Annotated[str, typer.Option(help="URL of the server's SPARQL 1.1 query service.")],
    graph_store: Annotated[str, typer.Option(help="URL of its graph store, if it has one.")] = "",
    update: Annotated[str, typer.Option(help="Else URL of its update service.")] = "",
    snapshot: Annotated[Path | None, typer.Option(help="A snapshot's folder.")] = None,
) -> None:
    """Load a snapshot onto another SPARQL server, or go on where that was interrupted."""
    from kg.connection import Access
    from kg.publish import Target
    from kg.publish import publish as publish_snapshot
    from kg.remote_service import RemoteService
    from kg.settings import is_remote
    from kg.snapshots import current_snapshot
    from kg.writer import writer

    settings = settings_now(to)
    if not is_remote(settings.store):
        raise InputError("--to needs the http or https URL of a SPARQL query service.")
    access = Access(settings.store, settings.store_user, settings.store_password)
    target = Target(RemoteService(access), writer(access, graph_store, update))
    typer.echo(publish_snapshot(snapshot or current_snapshot(settings), target))


@app.command()
def export(
    form: Annotated[str, typer.Option("--format", "-f", help="turtle, csv, graphml…")] = "",
    output: Output = None,
    release: Annotated[
        Path | None, typer.Option(help="Write every format and its description into this folder.")
    ] = None,
) -> None:
    """Write the whole graph in one format, or a release with all of them."""
    from kg.export import write_export
    from kg.release import write_release

    if release:
        if form or output:
            raise InputError("--release writes every format; leave out --format and --output.")
        write_release(settings_now(), release)
    else:
        write_export(settings_now(), form, output)


# After the commands above, so that `kg --help` names them first.
app.add_typer(curating.app)


def _list_questions() -> None:
    from kg.queries import questions
    from kg.tables import question_list

    show(question_list(questions()))


def _usage(error: Exception) -> str:
    said = getattr(error, "format_message", lambda: str(error))()
    return f"{' '.join(said.split())} (kg --help shows the commands)"


def _fail(sentence: str) -> int:
    print(f"kg: {sentence}", file=sys.stderr)  # noqa: T201 - the one place that speaks
    return _FAILED
