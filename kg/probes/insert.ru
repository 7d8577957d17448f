# title: Add triples to a graph
# description: For servers without a graph store, where TRIPLES and u:graph are put in.
INSERT DATA { GRAPH <u:graph> {
TRIPLES
} }
