"""JSON-LD documents of any size, written node by node as they come.

The result is what `kg/compact.py` makes at once in memory, only in the order of the stream.
"""

import json
from collections.abc import Iterable
from itertools import groupby
from textwrap import indent
from typing import Any, BinaryIO

from kg.compact import Compactor, Node
from kg.context import Context
from kg.rdf import Quad


def write_dataset(
    graphs: Iterable[tuple[str, Iterable[Quad]]], context: Context, output: BinaryIO
) -> None:
    """Write graphs with their names, the default graph's being empty and first.

    The statements of one subject must stand together, as they do in a snapshot.
    """
    compactor = Compactor(context)
    _begin(context, output)
    written = 0
    for name, quads in graphs:
        subjects = groupby(quads, key=lambda quad: quad.subject)
        nodes = (node for _, group in subjects for node in compactor.nodes(group))
        if not name:
            written += _write(nodes, 2, output)
            continue
        label = _text(compactor.short(name))
        output.write(f'{"," * bool(written)}\n  {{\n   "@id": {label},\n   "@graph": ['.encode())
        _write(nodes, 4, output)
        output.write(b"\n   ]\n  }")
        written += 1
    _end(output)


def write_nodes(nodes: Iterable[Node], context: Context, output: BinaryIO) -> None:
    """Write a document of nodes that are compact already, in the default graph."""
    _begin(context, output)
    _write(nodes, 2, output)
    _end(output)


def _begin(context: Context, output: BinaryIO) -> None:
    head = indent(_text(context), " ").lstrip()
    output.write(f'{{\n "@context": {head},\n "@graph": ['.encode())


def _end(output: BinaryIO) -> None:
    output.write(b"\n ]\n}\n")


def _write(nodes: Iterable[Node], depth: int, output: BinaryIO) -> int:
    """Write nodes as members of an array and return how many there were."""
    number = 0
    for number, node in enumerate(nodes, start=1):
        output.write(f"{',' * (number > 1)}\n{indent(_text(node), ' ' * depth)}".encode())
    return number


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
