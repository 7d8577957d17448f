"""Names: how they become identifiers, when two are spelt alike, and which one was meant."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from rapidfuzz import fuzz, process

from kg.errors import InputError

_APOSTROPHES = "'\u2018\u2019\u02bc\u02bb\u02be\u02bf`\u00b4\u2032"
# Letters that Unicode does not decompose into a base letter and a mark.
_UNDECOMPOSED = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "\u0131": "i"})
# Of 100: how much of both names must be alike for one to be offered for the other.
_NEAR = 60
# Characters: to compare a longer name with all others takes long, and none of them is so long.
_LONGEST = 1000


def normalize(name: str) -> str:
    """Return the form under which spellings of one name are equal.

    Case, diacritics, apostrophes, full stops and the choice between hyphen, dash and
    space make no difference; words do. Titles and honorifics stay: "General Beg" and
    "Beg" are two names.

    >>> normalize("Operation Clean\u2011Up") == normalize("operation clean up")
    True
    >>> normalize("Jinnah\u2019s  Caf\u00e9")
    'jinnahs cafe'
    >>> normalize("General Beg") == normalize("Beg")
    False
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(
        char
        for char in decomposed
        if not unicodedata.combining(char) and char not in _APOSTROPHES and char != "."
    )
    return " ".join(re.findall(r"[^\W_]+", bare.translate(_UNDECOMPOSED)))


def slug(name: str) -> str:
    """Return the identifier part of an IRI for a name: lower-case ASCII words and hyphens.

    Raises `InputError` if the name has no Latin letter or digit to make one from.

    >>> slug("Naseer Ull\u0101h B\u0101bar (Minister)")
    'naseer-ullah-babar-minister'
    """
    ascii_only = normalize(name).encode("ascii", "ignore").decode("ascii")
    words = ascii_only.split()
    if not words:
        raise InputError(
            f"No identifier can be made from {name!r}; give one in Latin letters and digits."
        )
    return "-".join(words)


def nearest(
    name: str, candidates: Iterable[str], key: Callable[[str], str] | None = None
) -> list[str]:
    """Return up to three candidates that are spelt most like `name`, best first.

    Compares normalized forms, so identifiers and labels can be mixed; candidates that
    share too little with the name are left out. A very long name is like none. `key`
    returns what a candidate is compared by, if not by itself.

    >>> nearest("interior-minster", ["interior-minister", "prime-minister", "karachi"])
    ['interior-minister', 'prime-minister']
    """
    if len(name) > _LONGEST:
        return []
    forms = {each: normalize(key(each) if key else each) for each in candidates}
    return most_alike(normalize(name), forms)


def most_alike(form: str, forms: Mapping[str, str]) -> list[str]:
    """Return up to three of those whose normal forms are spelt most like `form`, best first."""
    found = process.extract(form, forms, scorer=fuzz.ratio, limit=None, score_cutoff=_NEAR)
    return [each for _, each in sorted((-score, each) for _, score, each in found)][:3]


def suggest(name: str, candidates: Iterable[str], key: Callable[[str], str] | None = None) -> str:
    """Return `" Did you mean A or B?"` for the end of an error sentence, or an empty text.

    The parameters are those of `nearest`.

    >>> suggest("karachy", ["karachi", "lahore"])
    ' Did you mean karachi?'
    >>> suggest("karachy", ["id:karachi"], key=lambda each: each.removeprefix("id:"))
    ' Did you mean id:karachi?'
    >>> suggest("xyz", ["karachi"])
    ''
    """
    near = nearest(name, candidates, key)
    return f" Did you mean {' or '.join(near)}?" if near else ""
