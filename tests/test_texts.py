"""The words of passages: shown where the registered file is at hand, and only then."""

from pathlib import Path

import pytest
from tree import BASE, Tree

from kg.documents import load_documents
from kg.settings import Settings
from kg.texts import Words, words_of

PASSAGE = f"{BASE}passage/alpha/002"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def recorded(tree: Tree) -> str:
    passages = load_documents(tree.root / "data")[0].passages
    return next(each.sha256 for each in passages if each.iri == PASSAGE)


def look_up(tree: Tree, documents: Path | None) -> Words:
    return words_of(Settings(source=tree.root, documents=documents))


def test_words_are_shown_with_the_files_at_hand(tree: Tree, tmp_path: Path) -> None:
    files = tmp_path / "files"
    tree.add_documents(files)
    assert len(look_up(tree, files)(PASSAGE, recorded(tree))) == 9


def test_words_of_another_digest_are_not_shown(tree: Tree, tmp_path: Path) -> None:
    """The graph that is served may register another text than the sources beside it."""
    files = tmp_path / "files"
    tree.add_documents(files)
    assert look_up(tree, files)(PASSAGE, "0" * 64) is None


def test_without_the_files_nothing_is_shown(tree: Tree, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert look_up(tree, None)(PASSAGE, recorded(tree)) is None
    assert look_up(tree, empty)(PASSAGE, recorded(tree)) is None
    missing = Settings(source=tmp_path, documents=empty)
    assert words_of(missing)(PASSAGE, recorded(tree)) is None
