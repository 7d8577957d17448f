"""Which passages repeat earlier ones, word for word or nearly so.

Copies are no second witness, so they must be known before support is counted.
Only sentences are compared: an infobox line, heading or list line takes its
meaning from where it stands, and equal words there are no sign of copying.

Similarity is `difflib.SequenceMatcher.ratio` over words: case folded, without
punctuation, twice the words in common order divided by all words of both. In
the first data set nothing lies between 0.46 (two reports of one shooting) and
0.56 (an edited sentence), so the threshold of 0.5 separates rewritten copies
from texts that merely speak of the same thing. Sentences of fewer than five
words are never compared: they coincide by chance.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from kg.segments import SENTENCE

_THRESHOLD = 0.5
_FEWEST_WORDS = 5
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Text:
    """A passage with its words, ready to be compared: IRI, kind and text."""

    iri: str
    kind: str
    text: str


@dataclass(frozen=True)
class Repetition:
    """What one passage repeats: `copy_of` the first identical one, `near_copies` the others."""

    copy_of: str | None = None
    near_copies: tuple[str, ...] = ()


def words(text: str) -> list[str]:
    """Return the words of a text for comparison.

    >>> words("The Well (of 1950) is dry.")
    ['the', 'well', 'of', '1950', 'is', 'dry']
    """
    return _WORD.findall(text.casefold())


def alike(first: list[str], second: list[str]) -> bool:
    """Tell whether two texts have so many words in common, in the same order.

    >>> alike(["a", "b", "c"], ["a", "c"]), alike(["a", "b"], ["b", "c", "d"])
    (True, False)
    """
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    # No ratio is above those that take less time.
    ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(ratio() >= _THRESHOLD for ratio in ratios)


def repetitions(passages: Iterable[Text]) -> dict[str, Repetition]:
    """Compare each sentence with all earlier ones; return what is repeated, by IRI.

    `passages` stand in document order. Of identical sentences the first is the
    root, and all others point to it. Near copies are listed among roots only: a
    copy shares those of its root. Origins are the connected groups of both relations.
    """
    roots: dict[str, str] = {}
    known: list[tuple[str, list[str]]] = []
    found: dict[str, Repetition] = {}
    for passage in passages:
        own = words(passage.text)
        if passage.kind != SENTENCE or len(own) < _FEWEST_WORDS:
            continue
        if passage.text in roots:
            found[passage.iri] = Repetition(copy_of=roots[passage.text])
            continue
        if near := tuple(iri for iri, other in known if alike(other, own)):
            found[passage.iri] = Repetition(near_copies=near)
        roots[passage.text] = passage.iri
        known.append((passage.iri, own))
    return found
