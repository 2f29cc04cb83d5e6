"""Uploads are read, checked and forgotten."""

import hashlib

import pytest

from lamplighter.registry import uploads
from lamplighter.registry.errors import InvalidDigest, UnknownUpload
from lamplighter.registry.uploads import Uploads


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_an_upload_in_pieces_has_the_digest_and_the_size_of_the_whole() -> None:
    found = Uploads()
    found.begin("app", "1")
    found.write("app", "1", b"ab")
    found.write("app", "1", b"c")
    assert found.size("app", "1") == 3
    found.finish("app", "1", digest_of(b"abc"))
    assert found.known_size("app", digest_of(b"abc")) == 3
    assert found.known_size("other", digest_of(b"abc")) is None
    with pytest.raises(UnknownUpload):
        found.write("app", "1", b"d")


def test_an_upload_with_another_digest_is_refused_and_forgotten() -> None:
    found = Uploads()
    found.begin("app", "1")
    with pytest.raises(InvalidDigest):
        found.finish("app", "1", digest_of(b"abc"))
    assert found.known_size("app", digest_of(b"abc")) is None
    with pytest.raises(UnknownUpload):
        found.size("app", "1")


def test_an_upload_belongs_to_its_repository() -> None:
    found = Uploads()
    found.begin("app", "1")
    for call in (found.size, found.cancel, lambda name, key: found.write(name, key, b"x")):
        with pytest.raises(UnknownUpload):
            call("other", "1")


def test_the_oldest_uploads_and_digests_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 2)
    monkeypatch.setattr(uploads, "MAX_DIGESTS", 2)
    found = Uploads()
    for key in "123":
        found.begin("app", key)
        found.remember("app", key, 1)
    with pytest.raises(UnknownUpload):
        found.size("app", "1")
    assert [found.known_size("app", key) for key in "123"] == [None, 1, 1]
