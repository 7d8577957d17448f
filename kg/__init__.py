"""Contested: a knowledge graph for history on which the sources disagree."""
