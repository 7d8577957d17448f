"""A SPARQL server in a few lines, which asks others when told SERVICE: `server.py FILE`.

It stands in for Wikidata's endpoint. It prints its address, and answers until it is killed.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox

STORE = ox.Store()
RESULTS = ox.QueryResultsFormat.JSON
DESCRIPTION = b"""
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
[] a sd:Service ; sd:endpoint <> ; sd:supportedLanguage sd:SPARQL11Query .
"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if query := parse_qs(urlsplit(self.path).query).get("query"):
            self.answer(query[0])
        else:
            self.send(200, "text/turtle", DESCRIPTION)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        is_form = "form" in self.headers["content-type"]
        self.answer(parse_qs(body)["query"][0] if is_form else body)

    def answer(self, query):
        try:
            status, body = 200, STORE.query(query).serialize(format=RESULTS)
        except (OSError, RuntimeError, SyntaxError, ValueError) as error:
            status, body = 400, str(error).encode()
        self.send(status, RESULTS.media_type, body)

    def send(self, status, media_type, body):
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    STORE.load(path=sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}/query\n")
        sys.stdout.flush()
        server.serve_forever()
