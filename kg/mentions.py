"""`kg mentions`: which passage names which entity, worked out where the texts are.

The result is stored in `data/mentions/` and read by the build, so that a snapshot is the
same with and without the texts. Two files of `data/` help: `homonyms.ttl` has a curator's
`:mentions` statements, each true of its passage whatever the spellings, where a name would
be undecided or a description would not count; `non-names.csv` lists capitalised words that
name no entity, with the reason.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.assets import Assets
from kg.documents import SourceDocument, load_documents
from kg.errors import DataError, InputError
from kg.evidence import missing_texts, read_texts
from kg.facts import Facts, expand
from kg.files import read_text, replace_text
from kg.gazetteer import Gazetteer, Mentions
from kg.occurrences import ordinary_words
from kg.rdf import ENTITIES, PASSAGES, read_turtle
from kg.sources import SourceFile, read_sources, stop


@dataclass(frozen=True)
class Update:
    """What `kg mentions` did, by document, with what has changed; and a sentence for each fault."""

    report: str
    faults: tuple[str, ...]


def load_gazetteer(assets: Assets, texts: Iterable[str]) -> Gazetteer:
    """Read all that decides what the texts name; raises `DataError` for broken files."""
    facts = Facts(read_sources(assets).quads())
    return Gazetteer(
        facts,
        _settled(_homonyms(assets, facts)),
        _non_names(assets.data / "non-names.csv"),
        frozenset(word for text in texts for word in ordinary_words(text)),
    )


def check_curated(assets: Assets, facts: Facts) -> None:
    """Raise `DataError` for what is wrong in the two files that help, where there are texts or not.

    `facts` are those of the sources.
    """
    file = _homonyms(assets, facts)
    stop(
        f"{file.where(passage, entity)}: passage {passage.removeprefix(PASSAGES)} mentions"
        f" {entity.removeprefix(ENTITIES)}, and data/mentions has not; run kg mentions."
        for passage, entities in _settled(file).items()
        for entity in sorted(entities - set(facts.texts(passage, "mentions")))
    )
    _non_names(assets.data / "non-names.csv")


def read_mentions(assets: Assets, folder: Path | None) -> list[Mentions]:
    """Read the mentions of every registered document whose text lies in a folder.

    Raises `InputError` if no folder is set or it has none of the texts, and what
    `Gazetteer.read` raises.
    """
    return _read(assets, load_documents(assets.data), _needed(folder))


def _needed(folder: Path | None) -> Path:
    if folder is None:
        raise InputError("The texts are needed; set KG_DOCUMENTS to the folder that holds them.")
    return folder


def _read(assets: Assets, documents: Sequence[SourceDocument], folder: Path) -> list[Mentions]:
    texts = read_texts(documents, folder)
    if not texts:
        raise InputError(f"{folder} has none of the registered texts, as their digests tell.")
    gazetteer = load_gazetteer(assets, texts.values())
    return [gazetteer.read(each, texts[each.slug]) for each in documents if each.slug in texts]


def update_mentions(assets: Assets, folder: Path | None, *, check: bool = False) -> Update:
    """Bring `data/mentions/` up to date with the texts in a folder.

    With `check` nothing is written, and a file that is not up to date is a fault. Raises
    as `read_mentions`.
    """
    folder, documents = _needed(folder), load_documents(assets.data)
    found = _read(assets, documents, folder)
    changed = [each for each in found if _stored(assets, each) != each.turtle]
    lines = []
    for each in found:
        written = ", written" if each in changed and not check else ""
        lines.append(
            f"{each.slug}: {each.count} mentions in {len(each.entities)} passages{written}"
        )
        lines += _differences(assets, each)
    for each in [] if check else changed:
        _path(assets, each).parent.mkdir(exist_ok=True)
        replace_text(_path(assets, each), each.turtle)
    absent = missing_texts(documents, folder)
    read = {*absent, *(each.slug for each in found)}
    lines += [f"{slug}: no text at hand; its mentions stay as they are" for slug in absent]
    faults = [*_unknown(found)]
    faults += [
        f"{slug}: its file in {folder} is not the registered text, so its mentions stay as they"
        " are; restore the text, or register the new one."
        for slug in (each.slug for each in documents)
        if slug not in read
    ]
    if check:
        faults += [f"{_path(assets, each)} is not up to date; run kg mentions." for each in changed]
    return Update("\n".join(lines), tuple(faults))


def _differences(assets: Assets, mentions: Mentions) -> Iterator[str]:
    """Yield what is new (+) or gone (-) of a document whose mentions are stored."""
    if not (path := _path(assets, mentions)).is_file():
        return
    own = Facts(read_turtle(path).quads)
    before = {(each, entity) for each in own.subjects() for entity in own.texts(each, "mentions")}
    now = {(each, entity) for each, all_ in mentions.entities.items() for entity in all_}
    for passage, entity in sorted(before ^ now):
        sign = "+" if (passage, entity) in now else "-"
        yield f"  {sign} {passage.removeprefix(PASSAGES)} id:{entity.removeprefix(ENTITIES)}"


def _unknown(found: Iterable[Mentions]) -> Iterator[str]:
    """Yield a sentence for each name that no entity bears, with all its passages."""
    places: dict[str, list[str]] = {}
    for word in (word for each in found for word in each.unresolved):
        places.setdefault(word.words, []).append(word.passage.removeprefix(PASSAGES))
    for words, passages in places.items():
        yield (
            f"{words!r}, which no entity is called, stands in {', '.join(passages)}; give the"
            " entity that skos:altLabel, or write it in data/non-names.csv."
        )


def _path(assets: Assets, mentions: Mentions) -> Path:
    return assets.data / "mentions" / f"{mentions.slug}.ttl"


def _stored(assets: Assets, mentions: Mentions) -> str | None:
    path = _path(assets, mentions)
    return read_text(path) if path.is_file() else None


def _homonyms(assets: Assets, facts: Facts) -> SourceFile:
    """Read what curators have settled; raises `DataError` for what is out of place there."""
    path = assets.data / "homonyms.ttl"
    if not path.is_file():
        return SourceFile(path, "homonyms", (), {})
    turtle = read_turtle(path)
    file = SourceFile(path, "homonyms", tuple(turtle.quads), turtle.prefixes)
    stop(_unsettled(file, facts))
    return file


def _settled(file: SourceFile) -> dict[str, frozenset[str]]:
    own = Facts(file.quads)
    return {each: frozenset(own.texts(each, "mentions")) for each in own.subjects()}


def _unsettled(file: SourceFile, facts: Facts) -> Iterator[str]:
    """Yield what a curator says there of no passage, of no entity, or by another property."""
    for each in file.quads:
        passage, entity = str(each.subject.value), str(each.object.value)  # type: ignore[union-attr]
        where = file.where(passage, entity)
        if each.predicate.value != expand("mentions"):
            yield f"{where}: <{each.predicate.value}> is not for this file; write :mentions."
        elif expand("Passage") not in facts.texts(passage, "rdf:type"):
            yield f"{where}: there is no passage {passage.removeprefix(PASSAGES)}; take it out."
        elif not facts.one(entity, "rdf:type"):
            yield f"{where}: there is no entity {entity.removeprefix(ENTITIES)}; correct its name."


def _non_names(path: Path) -> tuple[str, ...]:
    """Read the column `words`; each row says in `reason` why they name no entity."""
    if not path.is_file():
        return ()
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    words = tuple(row.get("words") or "" for row in rows)
    for number, row in enumerate(rows, 2):
        if not row.get("words") or not row.get("reason"):
            raise DataError(f"{path}, line {number}: a row needs words and a reason.")
        if row["words"] in words[: number - 2]:
            raise DataError(
                f"{path}, line {number}: {row['words']!r} stands there twice; keep one."
            )
    return words
