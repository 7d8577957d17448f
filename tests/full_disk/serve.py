"""Serve a snapshot, have `kg build` fail beside it, load anew: `serve.py SNAPSHOTS`.

What was answered and said is printed as JSON.
"""

import json
import subprocess
import sys

import httpx
from serving import Server

server = Server(snapshots=sys.argv[1])


def ask():
    found = httpx.get(
        f"{server.url}/sparql",
        params={"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"},
        headers={"accept": "text/csv"},
    )
    return found.text.split()


before = ask()
built = subprocess.run(
    [sys.executable, "-m", "kg", "build"], capture_output=True, text=True, check=False
)
between = ask()
loaded = server.reload()
answers = [before, between, ask()]
errors = server.stop()
json.dump(
    {"answers": answers, "build": built.returncode, "said": built.stderr, "loaded": loaded,
     "errors": errors},
    sys.stdout,
)  # fmt: skip
