"""A real server in a process of its own, for the tests that need one."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from kg.snapshots import write_snapshot

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
#: For a server that may have to build a store first.
LOAD_SECONDS = 120

SERVER = """
import sys
from pathlib import Path
from kg.serve import serve
from kg.errors import KgError
from kg.settings import Settings
settings = Settings(time_limit=2.0, row_limit=5000, workers=2, worker_memory=256 << 20,
                    snapshots=Path(sys.argv[2]), log=sys.argv[3], store=sys.argv[4])
try:
    serve(settings, [Path(p) for p in sys.argv[5:]] or None, port=int(sys.argv[1]))
except KgError as error:
    print(error)
    sys.exit(2)
"""

#: 2,000 statements in two graphs, none of ours.
DATA = "".join(f'<u:s{i}> <u:p> "{i}" <u:g{i % 2}> .\n' for i in range(2000))
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

#: A small graph of our own shape: three claims by two speakers on one meeting.
CLAIMS = """
@prefix : <https://w3id.org/contested-kg/ontology/> .
@prefix id: <https://w3id.org/contested-kg/id/> .
@prefix d: <https://w3id.org/contested-kg/document/> .
@prefix c: <https://w3id.org/contested-kg/claim/> .
@prefix p: <https://w3id.org/contested-kg/passage/> .
@prefix g: <https://w3id.org/contested-kg/graph/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
g:entities {
  id:ada rdfs:label "Ada Stone" . id:bert rdfs:label "Bert Field" .
  id:meeting rdfs:label "Spring meeting" . d:book rdfs:label "A book" .
  :chaired rdfs:label "chaired" . p:one :document d:book ; :number 7 .
}
g:book {
  <https://w3id.org/contested-kg/claim/book/007-01> a :Claim ; :family :commanded ;
    rdf:subject id:ada ; rdf:predicate :chaired ; rdf:object id:meeting ; :stance :asserted ;
    :polarity :affirmed ; :modality :actual ; :speaker d:book ; :evidence p:one ;
    rdfs:label "A book says that: Ada Stone chaired Spring meeting" .
  <https://w3id.org/contested-kg/claim/book/007-02> a :Claim ; :family :commanded ;
    rdf:subject id:bert ; rdf:predicate :chaired ; rdf:object id:meeting ; :stance :alleged ;
    :polarity :affirmed ; :modality :actual ; :speaker id:bert ; :evidence p:one ;
    rdfs:label "Bert Field is reported to allege that: Bert Field chaired Spring meeting" .
}
"""

#: A person of whom one alleges what another denies, a dispute of it, and a claim withdrawn.
PERSON = """
@prefix : <https://w3id.org/contested-kg/ontology/> .
@prefix id: <https://w3id.org/contested-kg/id/> .
@prefix d: <https://w3id.org/contested-kg/document/> .
@prefix g: <https://w3id.org/contested-kg/graph/> .
@prefix c: <https://w3id.org/contested-kg/claim/book/> .
@prefix p: <https://w3id.org/contested-kg/passage/book/> .
@prefix x: <https://w3id.org/contested-kg/proposition/> .
@prefix t: <https://w3id.org/contested-kg/dispute/d1/> .
@prefix k: <https://w3id.org/contested-kg/dispute/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
g:ontology {
  <https://w3id.org/contested-kg/ontology/> a owl:Ontology ;
    owl:versionIRI <https://w3id.org/contested-kg/ontology/0.9> .
  :Person a owl:Class ; rdfs:label "person" ; skos:definition "A human being." .
  :perpetrated a :ClaimPredicate ; rdfs:label "perpetrated" ; :family :tookPart .
  :tookPart a :Family ; rdfs:label "took part" . :alleged rdfs:label "alleged" .
  :affirmed rdfs:label "affirmed" . :denied rdfs:label "denied" . :reported rdfs:label "reported" .
}
g:entities {
  id:ada a :Person ; rdfs:label "Ada <b>Stone</b>" . id:bert a :Person ; rdfs:label "Bert Field" .
  id:raid rdfs:label "spring raid" ; a :Event ; :unasserted true . id:v1.2 a :Event .
}
g:book {
  d:book a :SourceDocument ; rdfs:label "A book" .
  p:007 a :Passage ; :document d:book ; :number 7 ; oa:start 10 ; oa:end 20 ; :sha256 "ab" ;
    :mentions id:ada .
  c:007-01 a :Claim ; :family :tookPart ; rdf:subject id:ada ; rdf:predicate :perpetrated ;
    rdf:object id:raid ; :stance :alleged ; :polarity :affirmed ; :modality :actual ;
    :cue "accused" ; :speaker id:bert ; :document d:book ; :evidence p:007 ; :states x:1 .
  c:007-02 a :Claim ; :family :tookPart ; rdf:subject id:ada ; rdf:predicate :perpetrated ;
    rdf:object id:raid ; :stance :reported ; :polarity :denied ; :modality :actual ;
    :speaker id:ada ; :document d:book ; :evidence p:007 ; :states x:1 ; :repliesTo c:007-01 .
  c:007-03 a :Claim ; :family :tookPart ; rdf:subject id:ada ; rdf:predicate :perpetrated ;
    rdf:object id:v1.2 ; :stance :alleged ; :polarity :affirmed ; :modality :actual ;
    :speaker id:bert ; :document d:book ; :evidence p:007 ; :withdrawn true ;
    :reason "The passage was misread." .
}
g:derived {
  x:1 a :Proposition ; rdfs:label "that Ada Stone perpetrated spring raid" .
  k:d1 a :Dispute ; rdfs:label "affirmed or denied" ; :about id:ada ; :position t:a, t:b ;
    :disputeStrength :exclusion ; :claim c:007-01, c:007-02 .
  t:a a :Position ; rdfs:label "that it is so" ; :claim c:007-01 .
  t:b a :Position ; rdfs:label "that it is not so" ; :claim c:007-02 .
}
"""


class Server:
    """A server process, with its URL read from what it prints."""

    def __init__(
        self, *files: Path, port: int = 0, snapshots: str = "/nonexistent", log: str = "none",
        store: str = "memory",
    ) -> None:  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(port), snapshots, log, store, *map(str, files)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        self.printed = ""
        for line in self.process.stdout:
            self.printed += line
            if line.startswith("Stop"):
                break
        watchdog.cancel()
        self.errors = ""
        self.reader = threading.Thread(target=self._read_errors, daemon=True)
        self.reader.start()
        found = re.search(r"(http://\S+)/sparql", self.printed)
        self.url = found[1] if found else ""

    def _read_errors(self) -> None:
        for line in self.process.stderr:
            self.errors += line

    def reload(self) -> str:
        """Have the server load anew; return what it says of it on standard error."""
        before = len(self.errors)
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + START_SECONDS
        while "serving" not in self.errors[before:] and time.monotonic() < end:
            time.sleep(0.02)
        return self.errors[before:]

    def stop(self, number: int = signal.SIGTERM) -> str:
        """End the server; return what it wrote to standard error."""
        self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(5)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.errors

    @property
    def loaders(self) -> list[int]:
        """The loader processes."""
        return children(self.process.pid)


@contextlib.contextmanager
def command_line(env: dict[str, str], *options: str, seconds: float = 30) -> Iterator[httpx.Client]:
    """Run `kg serve` with these options and yield a client that waits so many seconds."""
    running = subprocess.Popen(
        [sys.executable, "-m", "kg", "serve", "--port", "0", *options],
        env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    watchdog = threading.Timer(LOAD_SECONDS, running.kill)
    watchdog.start()
    try:
        found = (re.search(r"(http://\S+)/sparql", line) for line in running.stdout)
        with httpx.Client(base_url=next(filter(None, found))[1], timeout=seconds) as client:
            watchdog.cancel()
            yield client
    finally:
        watchdog.cancel()
        running.terminate()
        running.communicate(timeout=60)


@contextlib.contextmanager
def serving(folder: Path, text: str, name: str = "data.nq") -> Iterator[Server]:
    """Serve one file with this text; a traceback on its standard error is a failure."""
    path = folder / name
    path.write_text(text, "utf-8")
    running = Server(path)
    try:
        yield running
    finally:
        errors = running.stop()
    assert "Traceback" not in errors


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def snapshot(folder: Path, text: str) -> Path:
    """Write a true snapshot of N-Quads, make it the current one and return its folder."""
    import pyoxigraph as ox

    quads = list(ox.parse(text, format=ox.RdfFormat.N_QUADS))
    return write_snapshot(quads, {"claims": 3, "triples": len(quads)}, "0.1.0", folder)
