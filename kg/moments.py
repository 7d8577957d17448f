"""A date as a reader says it: `197X` is the 1970s, `/1994-06` until 1994-06.

Days, months and years stay as they are (ISO 8601); what only EDTF writes is put into words.
"""

import re

_MARKS = {"~": "about ", "?": "perhaps ", "%": "perhaps about "}
_SEASONS = {"21": "spring", "22": "summer", "23": "autumn", "24": "winter"}


def in_words(text: str) -> str:
    """Return an EDTF date in words; what has no words here stays as it is.

    >>> [in_words(each) for each in ("1994-05-19", "1992/1994", "/1994-06", "1984/..", "2002/")]
    ['1994-05-19', '1992 to 1994', 'until 1994-06', 'since 1984, going on', 'since 2002']
    >>> [in_words(each) for each in ("197X", "19XX", "1996-21", "1992~", "198X?/1994")]
    ['the 1970s', 'the 1900s', 'spring 1996', 'about 1992', 'perhaps the 1980s to 1994']
    """
    start, slash, end = text.partition("/")
    if not slash:
        return _date(text)
    if start in ("", ".."):
        return f"until {_date(end)}"
    if end in ("", ".."):
        return f"since {_date(start)}{', going on' if end else ''}"
    return f"{_date(start)} to {_date(end)}"


def _date(text: str) -> str:
    mark, plain = (text[-1:], text[:-1]) if text[-1:] in _MARKS else ("", text)
    if re.fullmatch(r"\d\d(\dX|XX)", plain):
        plain = f"the {plain.replace('X', '0')}s"
    elif season := re.fullmatch(r"(\d{4})-(2[1-4])", plain):
        plain = f"{_SEASONS[season[2]]} {season[1]}"
    return _MARKS.get(mark, "") + plain
