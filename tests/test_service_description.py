"""The service description has the same bytes wherever it is written."""

import os
import subprocess
import sys

import pytest
import rdflib
from rdflib.compare import isomorphic
from serving import ROOT

from kg.bridge import to_rdflib_graph
from kg.media import Format
from kg.service_description import DESCRIPTION_FORMATS, Contents, describe, serialize

CONTENTS = Contents("f" * 64, (("u:g0", 3), ("u:g1", 4)), (("triples", 7), ("classes", 2)))
DESCRIPTION = describe("http://here/sparql", "A title", "What it is.", CONTENTS)
WRITTEN = """
import sys
sys.path[:0] = sys.argv[1:]
from test_service_description import DESCRIPTION, DESCRIPTION_FORMATS, serialize
sys.stdout.buffer.write(b"".join(serialize(DESCRIPTION, form) for form in DESCRIPTION_FORMATS))
"""


def test_every_process_writes_the_same_bytes() -> None:
    def written(seed: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-c", WRITTEN, str(ROOT), str(ROOT / "tests")],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout  # fmt: skip

    assert written("1") == written("2") != b""


@pytest.mark.parametrize("form", DESCRIPTION_FORMATS, ids=lambda form: form.name)
def test_what_is_written_is_the_description(form: Format) -> None:
    kind = {"ntriples": "nt", "jsonld": "json-ld", "rdfxml": "xml"}.get(form.name, form.name)
    read = rdflib.Graph().parse(data=serialize(DESCRIPTION, form), format=kind)
    assert isomorphic(read, to_rdflib_graph(DESCRIPTION, {}))
