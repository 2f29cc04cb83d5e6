"""Signatures, verified as AWS tells its customers to.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
"""

import asyncio
import errno
import os
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import manual_world
from lamplighter.services.sns.messages.signing import Signer
from tests.engine_harness import CALLER, SECOND
from tests.services.sns.sns_harness import DEAD, HOOK, SnsHarness

NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def verify(certificate: bytes, document: Json) -> None:
    """As AWS's guide does it; InvalidSignature where it is none."""
    names = NOTIFICATION if document["Type"] == "Notification" else CONFIRMATION
    text = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    key = x509.load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    digest = hashes.SHA1() if document["SignatureVersion"] == "1" else hashes.SHA256()
    key.verify(b64decode(document["Signature"]), text.encode(), padding.PKCS1v15(), digest)


def certificate(harness: SnsHarness) -> bytes:
    """What messages are verified with."""
    found: bytes = harness.run(harness.engine.call(CALLER, "sns", "GetCertificate", {}))
    return found


def other_key(protection: serialization.KeySerializationEncryption) -> bytes:
    """The file of a private key that is not RSA's."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


@pytest.mark.parametrize("version", ["1", "2"])
def test_every_type_of_message_is_signed(harness: SnsHarness, version: str) -> None:
    topic = harness.topic(SignatureVersion=version)
    arn = harness.sns("Subscribe", TopicArn=topic, Protocol="http", Endpoint=HOOK, ReturnSubscriptionArn=True)
    token = harness.posted()[0]["Token"]
    harness.unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
    harness.publish(topic, "밤")
    harness.publish(topic, "night", Subject="with a subject")
    harness.unsigned("Unsubscribe", **arn)
    documents = harness.posted()
    assert [each["Type"] for each in documents] == [
        "SubscriptionConfirmation",
        "Notification",
        "Notification",
        "UnsubscribeConfirmation",
    ]
    pem = certificate(harness)
    for each in documents:
        assert each["SignatureVersion"] == version
        verify(pem, each)


def test_a_message_that_was_changed_does_not_verify(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.publish(topic)
    (document,) = harness.posted()
    with pytest.raises(InvalidSignature):
        verify(certificate(harness), document | {"Message": "all is well"})


def test_the_key_stays_the_same_across_engines_and_is_its_owners_alone(harness: SnsHarness) -> None:
    topic = harness.topic()
    before = certificate(harness)
    harness.restart()
    assert certificate(harness) == before
    key = harness.directory / "sns" / "key.pem"
    assert key.stat().st_mode & 0o077 == 0
    harness.subscribe(topic, "http", HOOK)
    harness.publish(topic)
    verify(before, harness.posted()[0])


def test_a_key_that_is_missing_is_made(tmp_path: Path) -> None:
    first = Signer(tmp_path, manual_world()).certificate()
    (tmp_path / "key.pem").unlink()
    signer = Signer(tmp_path, manual_world())
    signature = signer.sign("2", {"Message": "m"})
    assert signer.certificate() != first
    key = x509.load_pem_x509_certificate(signer.certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(b64decode(signature), b"Message\nm\n", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_key_whose_file_cannot_be_read_for_now_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Receivers keep the certificate, so that they would reject what another key signs."""
    before = Signer(tmp_path, manual_world()).certificate()
    signer = Signer(tmp_path, manual_world())

    def fail(path: Path) -> bytes:
        raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", fail)
        with pytest.raises(Unavailable, match=os.strerror(number)):
            signer.sign("2", {"Message": "m"})
    assert signer.certificate() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"broken",
        other_key(serialization.NoEncryption()),
        other_key(serialization.BestAvailableEncryption(b"secret")),
    ],
    ids=["empty", "broken", "of another algorithm", "encrypted"],
)
def test_a_file_that_holds_no_key_for_signatures_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    before = Signer(tmp_path, manual_world()).certificate()
    file = tmp_path / "key.pem"
    key = file.read_bytes()
    file.write_bytes(content)
    signer = Signer(tmp_path, manual_world())
    with pytest.raises(Unavailable, match=r"key\.pem holds no RSA key .* restore or delete the file"):
        signer.sign("2", {"Message": "m"})
    assert file.read_bytes() == content
    file.write_bytes(key)
    assert signer.certificate() == before


def test_a_key_that_cannot_be_read_is_logged_when_the_engine_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key.pem").mkdir()

    async def start() -> None:
        Signer(tmp_path, manual_world()).prepare()

    asyncio.run(start())
    assert [each.levelname for each in caplog.records if "key.pem" in each.getMessage()] == ["ERROR"]


def test_a_message_waits_for_the_key_that_cannot_be_read_and_mails_go_on(
    harness: SnsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    harness.subscribe(topic, "email", "ops@example.com")
    before = certificate(harness)
    file = harness.directory / "sns" / "key.pem"
    key = file.read_bytes()
    harness.crash()
    file.write_text("broken")
    harness.up()
    harness.publish(topic)
    assert (harness.mailed(), harness.posted()) == (["ops@example.com"], [])
    (waiting,) = [each for each in harness.deliveries(topic) if each.protocol == "http"]
    assert (waiting.status, "holds no RSA key" in str(waiting.error)) == ("WAITING", True)
    assert "internal error of the engine" not in caplog.text
    file.write_bytes(key)
    harness.advance(20 * SECOND)
    verify(before, harness.posted()[0])


def test_a_dead_letter_waits_for_the_key_that_cannot_be_read(harness: SnsHarness) -> None:
    topic = harness.topic()
    once = dumps({"healthyRetryPolicy": {"numRetries": 0}})
    redrive = dumps({"deadLetterTargetArn": DEAD})
    harness.subscribe(topic, "http", HOOK, DeliveryPolicy=once, RedrivePolicy=redrive)
    before = certificate(harness)
    file = harness.directory / "sns" / "key.pem"
    key = file.read_bytes()
    harness.crash()
    file.write_text("broken")
    harness.up()
    harness.publish(topic)
    harness.advance(20 * SECOND)
    assert harness.queued("dead") == []
    file.write_bytes(key)
    harness.advance(20 * SECOND)
    (dead,) = harness.queued("dead")
    verify(before, loads(dead["MessageBody"]))
    assert harness.left() == 0
