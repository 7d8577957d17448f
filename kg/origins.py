"""How many independent origins a set of claims has: copies and versions are no second witness.

Two claims have one origin if their passages are identical or nearly so, their documents
are versions or extracts of one work (or one document), or they quote the same named
speaker. Origins are the groups that these ties connect.
"""

from collections.abc import Iterable, Iterator

from kg.facts import Facts
from kg.rdf import DOCUMENTS


class Groups:
    """Sets of names that are joined pair by pair (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def find(self, name: str) -> str:
        """Return the name that stands for the group of `name`: its first in the alphabet."""
        root = name
        while (parent := self._parents.get(root, root)) != root:
            root = parent
        self._parents[name] = root
        return root

    def join(self, one: str, other: str) -> None:
        """Make one group of the groups of two names."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parents[second] = first


def same_words(facts: Facts) -> Groups:
    """Return the passages, grouped where they are identical or nearly so."""
    return _tied(facts, "Passage", ("copyOf", "nearCopyOf"))


def _tied(facts: Facts, kind: str, ties: Iterable[str]) -> Groups:
    groups = Groups()
    for node in facts.instances(kind):
        for tie in ties:
            for other in facts.texts(node, tie):
                groups.join(node, other)
    return groups


class Origins:
    """Counts origins; reads the ties between passages and between documents once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._passages = same_words(facts)
        lineage = ("versionOf", "laterVersionOf", "extractOf")
        self._works = _tied(facts, "SourceDocument", lineage)

    def count(self, claims: Iterable[str]) -> int:
        """Return the number of independent origins of some claims."""
        together = Groups()
        names = sorted(claims)
        for claim in names:
            for tie in self._ties(claim):
                together.join(claim, tie)
        return len({together.find(claim) for claim in names})

    def _ties(self, claim: str) -> Iterator[str]:
        for passage in self._facts.texts(claim, "evidence"):
            yield "passage " + self._passages.find(passage)
            yield "work " + self._works.find(self._facts.text(passage, "document"))
        speaker = self._facts.text(claim, "speaker")
        if not speaker.startswith(DOCUMENTS) and not self._facts.true(speaker, "unnamed"):
            yield "speaker " + speaker
