"""Propose passages for a plain text: where they begin and end, their kind, section and label.

The unit of evidence is an infobox line, a heading, a list line or a sentence
(`ontology/README.md`). Lines are told apart by their form; sentences within a
line are found by pySBD, whose spans we only use as candidate boundaries. Three
general rules come on top: quotation marks are hidden from the splitter (it
would keep a quoted speech of ten sentences in one piece), a boundary before a
small letter or after an abbreviation such as "Insp." is dropped, and one is added where
the space after a full stop was lost. Nothing here knows any particular text.

All offsets are Unicode code points of the whole text, end exclusive.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import pysbd

INFOBOX, HEADING, LIST, SENTENCE = "infoboxLine", "heading", "listLine", "sentence"
KINDS = (INFOBOX, HEADING, LIST, SENTENCE)

_MARKED_HEADING = re.compile(r"(=+|#{1,6}(?=\s))\s*(?P<title>.*?\S)\s*(?:\1|=*)$")
_LIST = re.compile(r"(?:[-*•‣\u2013]|\d{1,3}[.)])\s+\S")
_FIELD = re.compile(r"-\s+(?P<label>[^\W\d_][^:]{0,39}):")
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
# Abbreviations that pySBD 0.3.4 takes for the end of a sentence.
_TITLES = "Cdr|Flt|Gp|Hon|Insp|Md|Mohd|Pres|Retd"
_NUMBERED = "Ch|Vol|approx|c|ca|para"
_AFTER_TITLE = re.compile(rf"\b(?:{_TITLES})\.$")
_BEFORE_NUMBER = re.compile(rf"\b(?:{_NUMBERED})\.$")
_LOST_SPACE = re.compile(r"(?<![\w./:@-])[^\W\d_][a-z]+[.!?](?=[A-Z][a-z]*\s)")
_BARE_TITLE_WORDS = 12


@dataclass(frozen=True)
class Proposal:
    """A proposed passage: span in code points, kind (one of `KINDS`), section path, label.

    `factual` is a first guess for the reviewer: sentences and filled infobox
    lines state something, headings and list lines do so if they name a year.
    """

    start: int
    end: int
    kind: str
    section: str
    field_label: str | None = None
    factual: bool = True


@dataclass(frozen=True)
class _Line:
    start: int
    text: str
    alone: bool
    block: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class _Outline:
    """The path of section titles at the current line."""

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []
        self._nested = False

    def enter(self, level: int, title: str) -> str:
        """Open a section and return its path; the first level is the title of the text."""
        if level == 1:
            self._path = []
            return "(title)"
        self._path = [entry for entry in self._path if entry[0] < level] + [(level, title)]
        return self.current()

    def enter_bare(self, title: str, *, has_child: bool) -> str:
        """Open a section whose level is not marked.

        A title right above another title is its parent, and the titles after that are
        its children until the next such parent: a guess that the reviewer corrects.
        """
        level = 3 if self._nested and not has_child else 2
        self._nested = self._nested or has_child
        return self.enter(level, title)

    def current(self) -> str:
        """Return the path of the open sections, outermost first."""
        return " > ".join(title for _, title in self._path) or "(lead)"


def propose(text: str) -> list[Proposal]:
    r"""Propose the passages of `text`, in order and without overlaps.

    >>> [(p.kind, p.section) for p in propose("= Wells =\n\nThe well is dry. Rain came.\n")]
    [('heading', '(title)'), ('sentence', '(lead)'), ('sentence', '(lead)')]
    """
    lines = list(_lines(text))
    box = _infobox_block(lines)
    outline = _Outline()
    proposals: list[Proposal] = []
    for line, following in zip_longest(lines, lines[1:]):
        if line.block == box:
            proposals.append(_infobox_line(line))
        elif section := _heading(line, following, outline, first=not proposals):
            factual = bool(_YEAR.search(line.text))
            proposals.append(Proposal(line.start, line.end, HEADING, section, None, factual))
        else:
            proposals.extend(_body(line, outline.current()))
    return proposals


def sentence_spans(line: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of one line, without the white space around them.

    >>> sentence_spans("She left. Lt. Noor stayed.")
    [(0, 9), (10, 26)]
    """
    closing = _quote_roles(line)
    hidden = "".join(" " if i in closing else char for i, char in enumerate(line))
    starts = sorted({0, *_candidates(hidden)})
    kept = [start for start in starts if start == 0 or _is_boundary(hidden, start)]
    spans = []
    for start, end in zip(kept, [*kept[1:], len(line)], strict=True):
        trimmed = _trim(hidden, start, end)
        if trimmed:
            spans.append(trimmed)
    return _give_quotes_back(line, closing, spans)


def field_label(text: str) -> str | None:
    """Return the label of an infobox line (what stands before its first colon), or None.

    >>> field_label("- Date: 1950")
    'Date'
    """
    match = _FIELD.match(text)
    return match["label"].strip() if match else None


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines that are not blank, trimmed, with the number of their block."""
    block, start = 0, 0
    raw = re.split(r"(\r\n|\r|\n)", text)
    contents, breaks = raw[::2], [*raw[1::2], ""]
    blank = [not content.strip() for content in contents]
    for i, (content, line_break) in enumerate(zip(contents, breaks, strict=True)):
        if blank[i]:
            block += 1
        else:
            alone = (i == 0 or blank[i - 1]) and (i + 1 == len(blank) or blank[i + 1])
            indent = len(content) - len(content.lstrip())
            yield _Line(start + indent, content.strip(), alone, block)
        start += len(content) + len(line_break)


def _infobox_block(lines: list[_Line]) -> int | None:
    """Find the block of "- Label: value" lines that stands before any prose."""
    for line in lines:
        block = [other for other in lines if other.block == line.block]
        fields = sum(1 for other in block if field_label(other.text))
        if fields and fields >= len(block) - 1:
            return line.block
        if not line.alone or line.text.endswith((".", "!", "?")):
            return None
    return None


def _infobox_line(line: _Line) -> Proposal:
    label = field_label(line.text)
    filled = bool(label) and bool(line.text.partition(":")[2].strip())
    return Proposal(line.start, line.end, INFOBOX, "(infobox)", label, filled)


def _heading(line: _Line, following: _Line | None, outline: _Outline, *, first: bool) -> str | None:
    """Enter the section that a heading line opens; None if the line is not a heading."""
    marked = _MARKED_HEADING.fullmatch(line.text)
    if marked:
        return outline.enter(len(marked[1]), marked["title"])
    if not _looks_like_title(line):
        return None
    if first:
        return outline.enter(1, line.text)
    has_child = following is not None and _looks_like_title(following)
    return outline.enter_bare(line.text, has_child=has_child)


def _looks_like_title(line: _Line) -> bool:
    short = line.alone and len(line.text.split()) <= _BARE_TITLE_WORDS
    opens = line.text[0].isupper() or line.text[0].isdigit()
    ends = line.text.endswith(tuple(".!?:;,\"”'"))
    return short and opens and not ends and not _LIST.match(line.text)


def _body(line: _Line, section: str) -> Iterator[Proposal]:
    if _LIST.match(line.text):
        factual = bool(_YEAR.search(line.text))
        yield Proposal(line.start, line.end, LIST, section, None, factual)
        return
    for start, end in sentence_spans(line.text):
        yield Proposal(line.start + start, line.start + end, SENTENCE, section)


def _candidates(hidden: str) -> Iterator[int]:
    """Yield where a sentence may start: pySBD's spans, and after a stop without a space."""
    segmenter = pysbd.Segmenter(language="en", clean=False, char_span=True)
    for span in segmenter.segment(hidden):
        yield span.start + len(span.sent) - len(span.sent.lstrip())
    for match in _LOST_SPACE.finditer(hidden):
        yield match.end()


def _is_boundary(hidden: str, start: int) -> bool:
    before, after = hidden[:start].rstrip(), hidden[start:].lstrip()
    if not after or after[0].islower() or _AFTER_TITLE.search(before):
        return False
    return not (after[0].isdigit() and _BEFORE_NUMBER.search(before))


def _quote_roles(line: str) -> dict[int, bool]:
    """Tell for each double quotation mark of a line whether it closes a quotation.

    Straight marks are judged by the space around them and by what is open. A mark
    that looks like an opening one inside a quotation closes it with a misplaced
    space, unless a closing one follows: then the earlier mark was never closed.
    """
    straight = [m.start() for m in re.finditer('"', line)]
    roles = {i: char == "”" for i, char in enumerate(line) if char in "“”"}
    is_open = False
    for index, position in enumerate(straight):
        following = straight[index + 1] if index + 1 < len(straight) else None
        if not is_open:
            closes = _looks_closing(line, position) and line[position - 1] in ".!?,"
        elif _looks_opening(line, position):
            closes = following is None or _looks_opening(line, following)
        else:
            closes = True
        roles[position], is_open = closes, not closes
    return roles


def _looks_opening(line: str, position: int) -> bool:
    before, after = line[max(0, position - 1) : position], line[position + 1 : position + 2]
    return (
        (not before or before.isspace() or before in "([") and not after.isspace() and after != ""
    )


def _looks_closing(line: str, position: int) -> bool:
    after = line[position + 1 : position + 2]
    return position > 0 and not line[position - 1].isspace() and (not after or after.isspace())


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not piece.strip():
        return None
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _give_quotes_back(
    line: str, closing: dict[int, bool], spans: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Attach the marks between two sentences: closing ones before, opening ones after."""
    result = []
    for index, (start, end) in enumerate(spans):
        gap_before = range(spans[index - 1][1] if index else 0, start)
        gap_after = range(end, spans[index + 1][0] if index + 1 < len(spans) else len(line))
        openers = [i for i in gap_before if closing.get(i) is False or (i in closing and not index)]
        closers = [i for i in gap_after if closing.get(i)]
        result.append((min([start, *openers]), max([end, *(i + 1 for i in closers)])))
    return result
