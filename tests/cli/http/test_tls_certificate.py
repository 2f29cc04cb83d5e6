"""The certificate of a TLS port: which pairs are used, and how a renewed pair is taken over."""

import logging
import os
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.cli.http.tls_certificate import (
    CertificateFiles,
    InvalidCertificate,
    ServerCertificate,
    covers_host,
    find_problem,
    load_pair,
)
from tests.certificates import CertificateFolder, encode_certificate, encode_key, make_key

DAY = 24 * 3600 * 1000


@pytest.fixture
def folder(tmp_path: Path) -> CertificateFolder:
    made = CertificateFolder(tmp_path)
    made.issue("jobs.example.com", "*.example.org", "192.0.2.7")
    return made


def files(folder: CertificateFolder) -> CertificateFiles:
    return CertificateFiles(folder.certificate, folder.key)


def test_a_pair_has_the_names_and_the_validity_of_its_certificate(folder: CertificateFolder) -> None:
    pair, now = load_pair(files(folder)), real_world().now()
    assert pair.names == ("jobs.example.com", "*.example.org", "192.0.2.7")
    assert pair.begins < now
    assert abs(pair.expires - now - 90 * DAY) < 60_000
    assert not pair.self_signed


def test_a_missing_file_is_named(folder: CertificateFolder) -> None:
    folder.key.unlink()
    with pytest.raises(InvalidCertificate, match=r"server\.key cannot be read: no such file or directory"):
        load_pair(files(folder))


def test_a_key_of_another_certificate_is_refused(folder: CertificateFolder) -> None:
    folder.write_key(encode_key(make_key()))
    with pytest.raises(InvalidCertificate, match="does not belong to the certificate"):
        load_pair(files(folder))


def test_a_key_with_a_passphrase_is_refused_with_the_remedy(folder: CertificateFolder) -> None:
    folder.write_key(encode_key(make_key(), b"sesame"))
    with pytest.raises(InvalidCertificate, match=r"has a passphrase.*openssl pkey"):
        load_pair(files(folder))


def test_a_pipe_is_refused_without_waiting_for_its_writer(folder: CertificateFolder) -> None:
    folder.certificate.unlink()
    os.mkfifo(folder.certificate)
    with pytest.raises(InvalidCertificate, match="holds no certificate in PEM format"):
        load_pair(files(folder))


def test_files_in_other_formats_are_refused(folder: CertificateFolder) -> None:
    certificate = folder.certificate.read_bytes()
    folder.write_certificate(b"PK")
    with pytest.raises(InvalidCertificate, match="holds no certificate in PEM format"):
        load_pair(files(folder))
    folder.write_certificate(certificate)
    folder.write_key(certificate)
    with pytest.raises(InvalidCertificate, match="holds no private key in PEM format"):
        load_pair(files(folder))


def test_a_chain_in_the_wrong_order_is_refused(folder: CertificateFolder) -> None:
    authority = encode_certificate(folder.authority.certificate)
    folder.write_certificate(folder.certificate.read_bytes() + authority)
    load_pair(files(folder))
    folder.write_certificate(authority + folder.certificate.read_bytes())
    with pytest.raises(InvalidCertificate, match="must come first"):
        load_pair(files(folder))


@pytest.mark.parametrize(
    ("begin_days", "end_days", "words"),
    [
        (-1, 90, None),
        (-80, 13, "expires on"),
        (-80, 15, None),
        (-5, 2, None),  # a certificate of a week has time until its last fifth
        (-6, 1, "expires on"),
        (-90, -1, "expired on"),
        (1, 90, "is not valid before"),
    ],
)
def test_a_certificate_is_reported_some_days_before_its_end(
    folder: CertificateFolder, begin_days: float, end_days: float, words: str | None
) -> None:
    folder.issue("jobs.example.com", begin_days=begin_days, end_days=end_days)
    problem = find_problem(load_pair(files(folder)), real_world().now())
    assert (problem is None) if words is None else (problem is not None and words in problem)


def test_a_renewed_pair_is_taken_over(folder: CertificateFolder) -> None:
    certificate = ServerCertificate(files(folder))
    first = certificate.context()
    certificate.renew()
    assert certificate.context() is first
    folder.issue("jobs.example.com", "two.example.com")
    certificate.renew()
    assert certificate.context() is not first
    assert certificate.pair.names == ("jobs.example.com", "two.example.com")


def test_a_certificate_that_is_renewed_before_its_key_is_not_reported(
    folder: CertificateFolder, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, first_key = ServerCertificate(files(folder)), folder.key.read_bytes()
    folder.issue("two.example.com")
    second_key = folder.key.read_bytes()
    folder.write_key(first_key)
    certificate.renew()
    assert certificate.problem(real_world().now()) is None
    folder.write_key(second_key)
    certificate.renew()
    assert certificate.pair.names == ("two.example.com",)
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_a_broken_pair_is_reported_once_and_the_old_one_stays(
    folder: CertificateFolder, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = ServerCertificate(files(folder))
    first, good = certificate.context(), folder.certificate.read_bytes()
    for content in (b"broken", b"broken again"):
        folder.write_certificate(content)
        for _ in range(4):
            certificate.renew()
    assert certificate.context() is first
    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == 2
    problem = certificate.problem(real_world().now())
    assert problem is not None
    assert "the renewed TLS certificate cannot be used" in problem
    assert str(folder.certificate) not in problem  # health is public
    folder.write_certificate(good)
    certificate.renew()
    assert certificate.problem(real_world().now()) is None


def test_a_key_that_becomes_readable_again_is_used(folder: CertificateFolder) -> None:
    """Its content and its time of modification are the same; only its mode has changed."""
    certificate = ServerCertificate(files(folder))
    before = certificate.files.fingerprint()
    folder.key.chmod(0o640)
    assert certificate.files.fingerprint() != before


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("jobs.example.com", True), ("a.example.org", True), ("192.0.2.7", True),
        ("example.org", False), ("a.b.example.org", False), ("127.0.0.1", False),
    ],
)  # fmt: skip
def test_a_wildcard_covers_one_label(host: str, covered: bool) -> None:
    assert covers_host(("jobs.example.com", "*.example.org", "192.0.2.7"), host) == covered
