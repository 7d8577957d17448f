"""Two documents of one's own go through the steps of `data/README.md`, by the commands alone."""

import re

import pytest
from tree import PREFIXES, ROOT, claim, count, passage, told

from kg import cli

STRIKE = """= Vellan dock strike =

The Vellan dock strike was led by Ilse Marrow. Soldiers fired at Lantern Quay.
At Lantern Quay, 12 people were killed. The strike ended on 20 June 1971.
"""
SHOOTING = """At Lantern Quay, 30 people were killed according to Ilse Marrow.
The strike ended on 20 June 1971.
"""
TEXTS = {"strike": STRIKE, "shooting": SHOOTING}
ENTITIES = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
id:marrow a :Person ; rdfs:label "Ilse Marrow" .
id:quay a :Place ; rdfs:label "Lantern Quay" .
id:dock-strike a :Protest ; rdfs:label "Vellan dock strike" ; skos:altLabel "strike" .
id:fire a :Attack ; rdfs:label "shooting at Lantern Quay" .
id:unnamed-soldiers a :Group ; rdfs:label "soldiers at Lantern Quay" ; :unnamed true .
"""
RECORD = """
graph:{slug} :curatedBy "A Stranger" ; :curatedOn "2026-11-22"^^xsd:date .
"""
NON_NAMES = "words,reason\nJune,month\nSoldiers,opens a sentence\nThe,opens a sentence\n"
WHOM = {"whom": ":people"}
CLAIMS = {
    "strike": [
        claim("strike/002-01", "id:marrow :led id:dock-strike"),
        claim("strike/003-01", "id:unnamed-soldiers :perpetrated id:fire"),
        claim("strike/003-02", "id:fire :tookPlaceIn id:quay"),
        claim("strike/004-01", "id:fire :killed " + count("12"), **WHOM),
        claim("strike/005-01", 'id:dock-strike :endedOn "1971-06-20"^^edtf:EDTF'),
    ],
    "shooting": [
        claim("shooting/001-01", "id:fire :killed " + count("30"),
              **told("id:marrow", cue='"according to"'), **WHOM),
    ],
}  # fmt: skip


@pytest.fixture
def kg(tmp_path, monkeypatch, capsys):
    """Return a function that runs `kg` over a project without data: code, output, errors."""
    root, texts = tmp_path / "root", tmp_path / "texts"
    (root / "data").mkdir(parents=True)
    for each in ("ontology", "shapes"):
        (root / each).symlink_to(ROOT / each)
    texts.mkdir()
    for name, text in TEXTS.items():
        (texts / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    monkeypatch.setenv("KG_SOURCE", str(root))
    monkeypatch.setenv("KG_DOCUMENTS", str(texts))
    monkeypatch.setenv("KG_SNAPSHOTS", str(tmp_path / "snapshots"))

    def run(*arguments):
        code = cli.run([str(each) for each in arguments])
        return code, *capsys.readouterr()

    run.data, run.texts = root / "data", texts
    return run


def write(kg, name, text):
    path = kg.data / f"{name}.ttl"
    path.parent.mkdir(exist_ok=True)
    had = path.read_text(encoding="utf-8") if path.exists() else PREFIXES
    path.write_text(had + text, encoding="utf-8")


def cut_and_register(kg):
    """Do steps 1 and 2 of each document, with what the report of `kg passages` says."""
    for each in TEXTS:
        write(kg, "documents", f'id:work-{each} a :Work ; rdfs:label "work on the {each}" .\n')
        (kg.data / "passages").mkdir(exist_ok=True)
        output = kg.data / "passages" / f"{each}.ttl"
        code, _, report = kg("passages", kg.texts / f"{each}.txt", "--output", output)
        assert code == 0
        told = re.search(r"for documents\.ttl: (.* \.)$", report, re.MULTILINE)[1]
        write(kg, "documents", f'd:{each} a :SourceDocument ; rdfs:label "On the {each}" ;'
              " <http://purl.org/dc/terms/type> :encyclopediaArticle ; :versionOf"
              f' id:work-{each} ; :sourceStatus "Made up." ; {told}\n')  # fmt: skip


def test_two_documents_of_ones_own(kg):
    cut_and_register(kg)
    assert f":copyOf {passage('strike/005')}" in (kg.data / "passages/shooting.ttl").read_text()

    code, _, faults = kg("mentions")
    assert code == 1
    assert "'Ilse Marrow', which no entity is called, stands in strike/002, shooting/001" in faults
    write(kg, "entities/all", ENTITIES)
    (kg.data / "non-names.csv").write_text(NON_NAMES)

    for slug, claims in CLAIMS.items():
        write(kg, f"claims/{slug}", RECORD.format(slug=slug) + "".join(claims))
    for step in ("mentions", "format", "build", "validate"):
        code, out, faults = kg(step)
        assert (code, faults) == (0, ""), out + faults

    code, out, _ = kg("query", "disputes", "--about", "shooting at Lantern Quay", "-f", "csv")
    assert code == 0
    assert {"strike/004-01", "shooting/001-01"} <= set(re.findall(r"claim/(\w+/\S\S\S-\d\d)", out))
    code, out, _ = kg("query", "when-was", "--what", "Vellan dock strike", "-f", "csv")
    assert "claim/shooting/002-01" in out, "what is said in the same words is carried over"
