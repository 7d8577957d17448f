"""Contested: a knowledge graph for history on which the sources disagree.

Where things are; the first line of each module says what it does. `tests/test_layers.py` has the
order in which they may import each other, lowest first, and holds them to it.

    For all         errors settings assets files progress rdf bridge facts names
    Command line    __main__ cli curating terminal asking tables
    Read and check  sources sssom links references literals check format
    Time and number dates spans counts moments
    Texts           documents evidence passages segments copies
    Who is named    mentions gazetteer occurrences
    Build           build carry rules derive wording propositions origins clashes disputes
                    differences coverage metadata examples snapshots
    Validate        validate report
    Export          export release catalogue streams selection csvw frames graphml review
                    jsonld context
    Link            link reconciliation_client accepting
    Named questions queries entities
    One query       protocol scan federation media store merge results rows disk
    Another server  remote remote_service connection rewrite
    Publish         publish writer record sample
    Serve           serve app served renewal watch endpoint graphstore service_description answers
                    calls incoming responses codings cache flights once
    Connections     wire bounded clients repeats similar monitor
    Workers         pool turns dashes generation channel loader worker confine
    Pages           resources addresses signposts describing profiles views reference pages
                    guides dataset openapi inquiry
    Reconciliation  reconcile manifest things batches matching suggestions extension

What a change touches:

- a document: its files in `data/` (`data/README.md` has the steps);
- a class: its term in `ontology/`, its shape, a valid and an invalid file in `tests/shapes/`;
- a derivation: a rule in `ontology/rules/` and its name in `kg/build.py`; a kind of dispute: a rule
  in `ontology/rules/disputes/` and its cases in `tests/rules/`;
- a question: `kg/queries/<question>.rq` and its answers in `tests/queries/`;
- a format: of answers a row in `kg/media.py`, of exports one in `kg/export.py`;
- a setting: a field in `kg/settings.py` and its line in the README.
"""
