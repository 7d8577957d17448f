"""What pages show: the words of a passage where they are at hand, and who speaks in every line."""

import asyncio
from types import SimpleNamespace

import pytest
from serving import PERSON

from kg.addresses import readings
from kg.describing import Describer
from kg.media import named
from kg.pages import Pages, Shown
from kg.profiles import profile
from kg.protocol import Operation
from kg.rdf import BASE
from kg.store import EngineStore
from kg.views import Views, parse_facts

WORDS = {f"{BASE}passage/book/007": "Bert <i>said</i> that Ada did."}


class Local:
    """A graph in this process, asked as the workers are."""

    def __init__(self, path) -> None:
        self.store = EngineStore()
        self.store.load(path)
        self.service = SimpleNamespace(pool=SimpleNamespace(fingerprint="print"))

    async def ask(self, text: str, form: str) -> tuple[str, bytes]:
        return "print", self.store.evaluate(Operation(text), named(form)).body


@pytest.fixture(scope="module")
def describer(tmp_path_factory) -> Describer:
    path = tmp_path_factory.mktemp("graph") / "graph.trig"
    path.write_text(PERSON)
    return Describer(Local(path))


@pytest.fixture
def page(describer):
    """Return a function that makes the page about a path, with the words of passages at hand."""

    def made(path: str, words=lambda _: None) -> str:
        async def described():
            found = await describer.find(readings(path))
            part = await describer.part(found)
            return part, await describer.graph(part)

        part, graph = asyncio.run(described())
        facts = parse_facts(graph)
        shown = profile(part, facts, Views(facts, "/root"), words)
        about = Shown("/root", shown.title, part.found.node)
        return Pages().render(shown.template, about, **shown.context, uses=0).decode()

    return made


@pytest.mark.parametrize("path", ["/passage/book/007", "/claim/book/007-01"])
def test_a_passage_is_shown_where_it_is_at_hand(page, path) -> None:
    with_words = page(path, WORDS.get)
    assert "<blockquote>Bert &lt;i&gt;said&lt;/i&gt; that Ada did.</blockquote>" in with_words
    assert "Characters 10 to 20" in with_words
    without = page(path)
    assert "<blockquote>" not in without
    assert "Characters 10 to 20" in without
    assert "<code>ab</code>" in without
    assert "KG_DOCUMENTS" in without


def test_a_claim_says_who_says_it_before_what(page) -> None:
    text = page("/claim/book/007-01")
    said = text.index("is reported to allege that:")
    assert text.index("Bert Field") < said < text.index('<span class="content">')
    assert "“accused”" in text
    assert "Other claims of the same content" in text
    assert "is reported to deny that" in text
    assert "In dispute:" in text


def test_links_lead_to_this_server(page) -> None:
    text = page("/claim/book/007-01")
    assert '<a href="/root/id/bert">Bert Field</a>' in text
    assert 'href="/root/passage/book/007"' in text
    assert text.count('href="https://w3id.org/contested-kg/') == text.count('rel="cite-as"') == 1


def test_a_term_has_its_definition(page) -> None:
    text = page("/ontology/Person")
    assert "A human being." in text
    assert "/root/ontology.html#Person" in text


def test_what_nobody_asserts_is_called_so(page) -> None:
    assert "no document says in its own voice that it happened" in page("/id/raid")
    assert "no document says in its own voice that it happened" not in page("/id/ada")


def test_a_document_lists_its_passages_with_their_claims(page) -> None:
    text = page("/document/book")
    assert "1 passage, 3 claims" in text
    assert 'href="/root/passage/book/007"' in text
