"""The pages that people read, made with Jinja2 from `templates/`; and the files in `static/`.

Nothing here knows the web framework: strings in, strings and bytes out. Everything that a page
loads comes from this server.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markdown_it.token import Token

from kg.assets import STATIC, TEMPLATES
from kg.examples import Group
from kg.media import FORMATS, Format
from kg.rdf import BASE

_MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class StaticFile:
    """A file that pages load, with its media type."""

    body: bytes
    media_type: str


@dataclass(frozen=True)
class Start:
    """What the start page shows.

    `root` is the path that the server is mounted under, `endpoint` the absolute URL of the
    SPARQL endpoint, `about` one line on the data being served, `query` what a request asked to
    have in the editor, `prefixes` those that shorten IRIs, `block` the dataset in JSON-LD for
    search engines, without any `<`; `ontology` whether there is a page about the ontology.
    """

    root: str
    endpoint: str
    about: str
    groups: list[Group]
    query: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    block: str = ""
    ontology: bool = True


@dataclass(frozen=True)
class Shown:
    """What every page about a thing shows around its content.

    `iri` is the thing's own, `forms` the same description as data with the addresses, `number`
    the part of a long description out of `last`; `ontology` whether there is a page about the
    ontology.
    """

    root: str
    title: str
    iri: str = ""
    forms: Sequence[tuple[Format, str]] = ()
    number: int = 1
    last: int = 1
    ontology: bool = True


@dataclass(frozen=True)
class Article:
    """A text in Markdown as a page shows it: its title, its parts (anchor, heading) and HTML."""

    title: str
    parts: tuple[tuple[str, str], ...]
    html: str


def article(text: str) -> Article:
    r"""Return a text of ours (CommonMark with tables) as a page shows it.

    The first heading is the title. Every query in it leads to the editor, at the start page
    beside the article.

    >>> article("# Title\n\n## One part\n\nText.").parts
    (('one-part', 'One part'),)
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    _, title, _, *tokens = markdown.parse(text)
    parts, shown = [], list[Token]()
    for token, content in zip(tokens, [*tokens[1:], Token("", "", 0)], strict=True):
        if token.type == "heading_open" and token.tag == "h2":
            anchor = "-".join("".join(c if c.isalnum() else " " for c in content.content).split())
            parts.append((anchor.lower(), content.content))
            token.attrSet("id", anchor.lower())
        shown.append(token)
        if token.type == "fence" and token.info == "sparql":
            address = "./?" + urlencode({"query": token.content})
            shown += markdown.parse(f"[Open in the editor]({address})")
    html = markdown.renderer.render(shown, markdown.options, {})
    return Article(title.content, tuple(parts), html)


def read_static() -> dict[str, StaticFile]:
    """Return the files that pages load, by name: few and small, so they are kept in memory."""
    found = {}
    for path in sorted(STATIC.iterdir()):
        if path.suffix in _MEDIA:
            found[path.name] = StaticFile(path.read_bytes(), _MEDIA[path.suffix])
    return found


class Pages:
    """Renders pages; a misspelt variable in a template is an error, not an empty spot."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, template: str, page: Shown, **shown: Any) -> bytes:
        """Return a page about a thing, by the name of its template."""
        return self._templates.get_template(template).render(page=page, **shown).encode()

    def text(self, template: str, **shown: Any) -> bytes:
        """Return what a template without a frame makes; in HTML and XML values are escaped."""
        return self._templates.get_template(template).render(**shown).encode()

    def start(self, shown: Start) -> str:
        """Return the start page: what this is, example questions, editor, links."""
        prefixes = json.dumps(dict(shown.prefixes), ensure_ascii=False)
        return self._templates.get_template("start.html").render(
            shown=shown, formats=FORMATS, prefixes=prefixes, base=BASE
        )
