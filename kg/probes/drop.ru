# title: Remove a graph
# description: For servers without a graph store, where u:graph is put in.
DROP SILENT GRAPH <u:graph>
