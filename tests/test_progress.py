"""The progress bar: seen on a terminal only, and never asked for what nobody sees."""

import io

from rich.console import Console

from kg.progress import progress


def run(console, total):
    with progress("export", total, console) as advance:
        advance(3)
    return console.file.getvalue()


def test_seen_on_a_terminal():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    assert "3 done" in run(console, lambda: 4)


def test_total_may_be_unknown():
    assert "export" in run(Console(file=io.StringIO(), force_terminal=True, width=80), None)


def test_silent_elsewhere():
    def total():
        raise AssertionError("nobody watches")

    assert run(Console(file=io.StringIO(), force_terminal=False), total) == ""
