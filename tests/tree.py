"""A small made-up source tree on the real ontology, for tests of the build."""

from pathlib import Path

from kg.assets import Assets
from kg.build import build_dataset
from kg.documents import digest
from kg.facts import Facts

ROOT = Path(__file__).resolve().parent.parent
BASE = "https://w3id.org/contested-kg/"
PREFIXES = f"""
@prefix : <{BASE}ontology/> .
@prefix d: <{BASE}document/> .
@prefix id: <{BASE}id/> .
@prefix graph: <{BASE}graph/> .
@prefix passage: <{BASE}passage/> .
@prefix claim: <{BASE}claim/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix edtf: <http://id.loc.gov/datatypes/edtf/> .
"""
ENTITIES = """
id:ann a :Person ; rdfs:label "Ann" .
id:bob a :Person ; rdfs:label "Bob" .
id:someone a :Person ; rdfs:label "someone in a crowd" ; :unnamed true .
id:another a :Person ; rdfs:label "another in a crowd" ; :unnamed true .
id:guild a :GovernmentBody ; rdfs:label "Guild" .
id:branch a :GovernmentBody ; rdfs:label "Branch" .
id:twig a :GovernmentBody ; rdfs:label "Twig" .
id:march a :Protest ; rdfs:label "March" .
id:feast a :Meeting ; rdfs:label "Feast" .
id:plot a :Plan ; rdfs:label "Plot" .
id:mayor a :Post ; rdfs:label "Mayor" .
id:town a :Place ; rdfs:label "Town" .
id:land a :Place ; rdfs:label "Land" .
id:work-alpha a :Work ; rdfs:label "work alpha" .
id:work-beta a :Work ; rdfs:label "work beta" .
"""
PARTS = {
    ":stance": ":asserted",
    ":polarity": ":affirmed",
    ":modality": ":actual",
}


class Tree:
    """Source folders in `folder`: documents alpha, alpha-two (its later version) and beta.

    Each has nine passages of nine characters; `copies` and `near` name, by `slug/number`,
    the passages that repeat an earlier one.
    """

    def __init__(self, folder, copies=None, near=None):
        self.root, self.copies, self.near = folder, copies or {}, near or {}
        folder.mkdir(exist_ok=True)
        (folder / "ontology").symlink_to(ROOT / "ontology")
        (folder / "shapes").mkdir()
        self.write("entities/all", ENTITIES)
        documents = ""
        lines = {"alpha": "", "alpha-two": ":laterVersionOf d:alpha ;", "beta": ""}
        for digits, (slug, lineage) in enumerate(lines.items()):
            documents += self._document(slug, f"{digits:03d}", lineage)
            self.write(f"passages/{slug}", "".join(self._passage(slug, n) for n in range(1, 10)))
        self.write("documents", documents)

    def write(self, name, text):
        """Write a file of `data/` under the common prefixes."""
        path = self.root / "data" / f"{name}.ttl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PREFIXES + text, encoding="utf-8")
        return path

    def claims(self, slug, *claims):
        """Write the claims of a document."""
        return self.write(f"claims/{slug}", "\n".join(claims))

    def add_documents(self, folder):
        """Write the source texts that fit the registered digests."""
        folder.mkdir()
        for slug in ("alpha", "alpha-two", "beta"):
            (folder / f"{slug}.txt").write_text(self.text(slug), encoding="utf-8")
        return folder

    def text(self, slug):
        """Return the text of a document."""
        return "\n".join(self._words(slug, n) for n in range(1, 10))

    def quads(self, documents=None):
        """Build and return the dataset."""
        return build_dataset(Assets(self.root), documents)

    def facts(self):
        """Build and return the dataset as facts."""
        return Facts(self.quads())

    def _words(self, slug, number):
        root = self.copies.get(f"{slug}/{number:03d}", f"{slug}/{number:03d}")
        return digest(root)[:9]

    def _document(self, slug, digits, lineage):
        text = self.text(slug)
        return (
            f'd:{slug} a :SourceDocument ; rdfs:label "{slug.capitalize()}" ; {lineage}'
            f' :fileDigits "{digits}" ; :sha256 "{digest(text)}" ; :length {len(text)} ;'
            f" :byteLength {len(text)} ; :versionOf id:work-{slug.partition('-')[0]} .\n"
        )

    def _passage(self, slug, number):
        name = f"{slug}/{number:03d}"
        ties = "".join(
            f":{term} {passage(table[name])} ; "
            for term, table in (("copyOf", self.copies), ("nearCopyOf", self.near))
            if name in table
        )
        return (
            f"{passage(name)} a :Passage ; :document d:{slug} ; :number {number} ; {ties}"
            f':kind :sentence ; :section "(lead)" ; :factual true ; oa:start {(number - 1) * 10} ;'
            f' oa:end {number * 10 - 1} ; :sha256 "{digest(self._words(slug, number))}" .\n'
        )


def passage(name):
    """Return a passage's IRI in angle brackets."""
    return f"<{BASE}passage/{name}>"


def claim(name, content, **parts):
    """Return a claim in Turtle: `name` is `slug/nnn-nn`, `content` "subject predicate object".

    A part is replaced, added or, by None, left out: `stance=":alleged"`, `when='"1992"…'`.
    """
    slug, _, number = name.partition("/")
    subject, predicate, obj = content.split(" ", 2)
    values = {
        "rdf:subject": subject,
        "rdf:predicate": predicate,
        "rdf:object": obj,
        **PARTS,
        ":speaker": f"d:{slug}",
        ":evidence": passage(f"{slug}/{number[:3]}"),
        **{key if ":" in key else f":{key}": value for key, value in parts.items()},
    }
    body = " ;\n    ".join(f"{key} {value}" for key, value in values.items() if value is not None)
    return f"\n<{BASE}claim/{name}> a :Claim ;\n    {body} .\n"


def told(speaker="id:ann", stance=":reported", **parts):
    """Return the parts of a claim that the document passes on from somebody."""
    return {"speaker": speaker, "stance": stance, **parts}


def edtf(text):
    """Return a date in Turtle."""
    return f'"{text}"^^edtf:EDTF'


def count(text):
    """Return a number in Turtle."""
    return f'"{text}"^^:count'


def iri(name):
    """Return the IRI for `claim/…`, `id/…` and the like."""
    return BASE + name
