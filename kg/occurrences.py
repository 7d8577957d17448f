"""Where a text names which things: names and descriptions found by their spellings.

A spelling is a **name** if all its words but the smallest are capitalised ("Supreme Court
of Pakistan"), a **description** if none is ("factory workers"), and a **phrase** if some
are ("armed wing of the MQM"). Spellings match as they are written, but a description may
begin with a capital, as at the start of a sentence. A word also ends where a small letter
meets a capital, since extracted texts glue marks to names ("DadaKIA").

The longest spelling wins: a name hides what lies inside it ("Sindh Police" does not name
Sindh). But what is inside the name of an event, a plan or a group is named ("Operation Lyari"
names Lyari), and so is a person by the full name in anything but a person's name. A phrase
hides descriptions only.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

_SMALL = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to"})
_GLUE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
# What may stand before the first word of a sentence, list item or quotation.
_OPENERS = ".?!:*=([\"'\u2018\u201c"

Named = Callable[[str], Collection[str]]


class Kind(Enum):
    """How a spelling names."""

    NAME = "name"
    PHRASE = "phrase"
    DESCRIPTION = "description"


@dataclass(frozen=True)
class Lexicon:
    """All spellings with their kinds, and what the longest spelling does not hide.

    `open` are the entities whose names hide no names, `persons` those whose full names
    only a person's name hides.
    """

    kinds: Mapping[str, Kind]
    open: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()

    def hides(self, outer: "Occurrence", inner: "Occurrence") -> bool:
        """Tell whether a longer spelling takes away a shorter one that it touches."""
        if inner.start >= outer.end or outer.start >= inner.end:
            return False
        if self.kinds[inner.spelling] is Kind.DESCRIPTION:
            return True
        if self.kinds[outer.spelling] is not Kind.NAME or outer.entities <= self.open:
            return False
        full_name = " " in inner.spelling and inner.entities <= self.persons
        return not full_name or not outer.entities.isdisjoint(self.persons)


@dataclass(frozen=True)
class Occurrence:
    """A spelling from `start` to `end` (code points, end exclusive) and what it names."""

    start: int
    end: int
    spelling: str
    entities: frozenset[str]


@dataclass(frozen=True)
class Word:
    """A capitalised word of a text, and what it is glued to, if anything, in `whole`.

    `initial` if it begins a sentence, item or quotation.
    """

    start: int
    text: str
    initial: bool
    whole: str


def kind_of(spelling: str) -> Kind:
    """Tell how a spelling names.

    >>> [kind_of(s).value for s in ("Nine Zero", "wing of the MQM", "ut-Taleba", "top men")]
    ['name', 'phrase', 'name', 'description']
    """
    if spelling == spelling.lower():
        return Kind.DESCRIPTION
    words = [word for word in spelling.split() if any(map(str.isalpha, word))]
    small = [word for word in words if word == word.lower() and word not in _SMALL]
    return Kind.PHRASE if small else Kind.NAME


def occurrences(text: str, lexicon: Lexicon, named: Named) -> list[Occurrence]:
    """Return what a text names, in order of position; at one place only what wins it.

    `named` says what a spelling names in this text, if anything.
    """
    found = [each for spelling in lexicon.kinds for each in _found(text, spelling, named)]
    found.sort(key=lambda each: (each.start - each.end, each.start, each.spelling))
    kept: list[Occurrence] = []
    for each in found:
        if not any(lexicon.hides(outer, each) for outer in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: (each.start, each.end))


def places(text: str, spelling: str) -> Iterator[int]:
    """Yield where a spelling stands as whole words.

    >>> list(places("Malir, MalirKIA and Malirian", "Malir"))
    [0, 7]
    """
    small = kind_of(spelling) is Kind.DESCRIPTION
    forms = {spelling, spelling[:1].upper() + spelling[1:]} if small else {spelling}
    for form in sorted(forms):
        start = text.find(form)
        while start >= 0:
            if _boundary(text, start) and _boundary(text, start + len(form)):
                yield start
            start = text.find(form, start + 1)


def capitalised(text: str, *, items: bool = False) -> Iterator[Word]:
    """Yield the words with a capital letter; with `items`, a comma begins an item of a list.

    >>> [word.text for word in capitalised("He met PresidentGeneral Beg.")]
    ['He', 'President', 'General', 'Beg']
    """
    openers = _OPENERS + ",-" if items else _OPENERS
    for run in _WORD.finditer(text):
        start = run.start()
        for part in _GLUE.split(run.group()):
            before = text[:start].rstrip()
            initial = start == run.start() and (not before or before[-1] in openers)
            if part != part.lower():
                yield Word(start, part, initial, run.group())
            start += len(part)


def runs(text: str, words: Iterable[Word]) -> list[str]:
    """Return words of a text, those with just a space between them as one.

    >>> text = "Ana Bo met Zed Ames."
    >>> runs(text, [word for word in capitalised(text) if word.text != "Ana"])
    ['Bo', 'Zed Ames']
    """
    found: list[str] = []
    end = 0
    for word in words:
        if found and text[end : word.start] == " ":
            found[-1] += f" {word.whole}"
        else:
            found.append(word.whole)
        end = word.start + len(word.text)
    return found


def ordinary_words(text: str) -> set[str]:
    """Return the words that a text has without any capital.

    >>> sorted(ordinary_words("Raids began. The raids of KIA"))
    ['began', 'of', 'raids']
    """
    return {word for word in _WORD.findall(text) if word == word.lower()}


def covered(word: Word, spans: Iterable[tuple[int, int]]) -> bool:
    """Tell whether a word lies inside one of the spans."""
    return any(start <= word.start and word.start + len(word.text) <= end for start, end in spans)


def _found(text: str, spelling: str, named: Named) -> Iterator[Occurrence]:
    for start in places(text, spelling):
        if entities := named(spelling):
            yield Occurrence(start, start + len(spelling), spelling, frozenset(entities))


def _boundary(text: str, position: int) -> bool:
    """Tell whether a word ends, or begins, at a position."""
    if not 0 < position < len(text):
        return True
    before, after = text[position - 1], text[position]
    return not (before.isalnum() and after.isalnum()) or bool(_GLUE.match(text, position))
