"""RFC 9110, 12.5.3: which coding an answer is sent in."""

import gzip

import pytest

from kg.codings import Coding, choose, zstd
from kg.errors import NotAcceptableError

TEXT = b"the same words again and again, " * 100


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=0.9, zstd;q=0.8", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip ; q=0.001", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000, zstd;Q=0.", "identity"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("*;q=0", None),
        ("*;q=0, gzip", "gzip"),
        ("*;q=0, identity", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.5, identity;q=0.1", "gzip"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, br", None),
        ("identity;q=0, *", "zstd"),
        ("br", "identity"),
        ("gzip;q=2, zstd;q=x, ;, ,=", "identity"),
    ],
)
def test_choice(header, wanted):
    if wanted is None:
        with pytest.raises(NotAcceptableError, match="zstd, gzip and identity"):
            choose(header)
    else:
        assert choose(header).name == wanted


def test_short_bodies_are_packed_only_for_those_who_refuse_plain_ones():
    assert choose("gzip").pack(b"short") == ("identity", b"short")
    name, body = choose("gzip, *;q=0").pack(b"short")
    assert (name, gzip.decompress(body)) == ("gzip", b"short")


@pytest.mark.parametrize(("name", "unpack"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
def test_packed_bodies_unpack_and_are_the_same_each_time(name, unpack):
    said, body = Coding(name).pack(TEXT)
    assert (said, unpack(body)) == (name, TEXT)
    assert len(body) < len(TEXT) / 10
    assert Coding(name).pack(TEXT) == (said, body)
