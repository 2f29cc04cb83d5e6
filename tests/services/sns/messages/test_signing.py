"""Test message signatures by verifying them as AWS documents it.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
"""

import asyncio
import errno
import os
import threading
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.sns.messages.signing import Signer
from tests.engine_harness import CALLER, SECOND
from tests.manual_world import manual_world
from tests.services.sns.sns_harness import DEAD_LETTER_QUEUE, QUEUE, WEBHOOK, SnsHarness

NOTIFICATION_FIELDS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION_FIELDS = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def verify(certificate: bytes, document: Json) -> None:
    """Verify a document as AWS's guide does. Raises `InvalidSignature` if the signature is wrong."""
    names = NOTIFICATION_FIELDS if document["Type"] == "Notification" else CONFIRMATION_FIELDS
    text = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    key = x509.load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    digest = hashes.SHA1() if document["SignatureVersion"] == "1" else hashes.SHA256()
    key.verify(b64decode(document["Signature"]), text.encode(), padding.PKCS1v15(), digest)


def get_certificate(harness: SnsHarness) -> bytes:
    """Return the certificate that verifies messages."""
    found: bytes = harness.run(harness.engine.call(CALLER, "sns", "GetCertificate", {}))
    return found


def make_ec_key_file(protection: serialization.KeySerializationEncryption) -> bytes:
    """Return the content of a key file with an elliptic-curve key instead of an RSA key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


@pytest.mark.parametrize("version", ["1", "2"])
def test_every_type_of_message_is_signed(harness: SnsHarness, version: str) -> None:
    topic = harness.create_topic(SignatureVersion=version)
    arn = harness.sns("Subscribe", TopicArn=topic, Protocol="http", Endpoint=WEBHOOK, ReturnSubscriptionArn=True)
    token = harness.posted_documents()[0]["Token"]
    harness.call_unsigned("ConfirmSubscription", TopicArn=topic, Token=token)
    harness.publish(topic, "밤")
    harness.publish(topic, "night", Subject="with a subject")
    harness.call_unsigned("Unsubscribe", **arn)
    documents = harness.posted_documents()
    assert [each["Type"] for each in documents] == [
        "SubscriptionConfirmation",
        "Notification",
        "Notification",
        "UnsubscribeConfirmation",
    ]
    pem = get_certificate(harness)
    for each in documents:
        assert each["SignatureVersion"] == version
        verify(pem, each)


def test_a_changed_message_fails_verification(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.publish(topic)
    (document,) = harness.posted_documents()
    with pytest.raises(InvalidSignature):
        verify(get_certificate(harness), document | {"Message": "all is well"})


def test_the_key_survives_a_restart_and_only_its_owner_can_access_it(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    before = get_certificate(harness)
    harness.restart()
    assert get_certificate(harness) == before
    key = harness.directory / "sns" / "key.pem"
    assert key.stat().st_mode & 0o077 == 0
    harness.subscribe(topic, "http", WEBHOOK)
    harness.publish(topic)
    verify(before, harness.posted_documents()[0])


def test_a_missing_key_is_created(tmp_path: Path) -> None:
    first = Signer(tmp_path, manual_world()).certificate()
    (tmp_path / "key.pem").unlink()
    signer = Signer(tmp_path, manual_world())
    signature = signer.sign("2", {"Message": "m"})
    assert signer.certificate() != first
    key = x509.load_pem_x509_certificate(signer.certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(b64decode(signature), b"Message\nm\n", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_temporarily_unreadable_key_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Receivers keep the certificate, so they would reject the signatures of another key."""
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
        make_ec_key_file(serialization.NoEncryption()),
        make_ec_key_file(serialization.BestAvailableEncryption(b"secret")),
    ],
    ids=["empty", "broken", "of another algorithm", "encrypted"],
)
def test_a_key_file_without_an_rsa_key_is_not_replaced(tmp_path: Path, content: bytes) -> None:
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


def test_an_unreadable_key_is_logged_when_the_engine_starts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "key.pem").mkdir()

    async def start() -> None:
        Signer(tmp_path, manual_world()).prepare()

    asyncio.run(start())
    assert [each.levelname for each in caplog.records if "key.pem" in each.getMessage()] == ["ERROR"]


def test_a_signed_message_waits_until_the_key_is_readable_and_mails_continue(
    harness: SnsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.subscribe(topic, "email", "ops@example.com")
    before = get_certificate(harness)
    file = harness.directory / "sns" / "key.pem"
    key = file.read_bytes()
    harness.crash()
    file.write_text("broken")
    harness.up()
    harness.publish(topic)
    assert (harness.mail_recipients(), harness.posted_documents()) == (["ops@example.com"], [])
    (waiting,) = [each for each in harness.deliveries(topic) if each.protocol == "http"]
    assert (waiting.status, "holds no RSA key" in str(waiting.error)) == ("WAITING", True)
    assert "internal error of the engine" not in caplog.text
    file.write_bytes(key)
    harness.advance(20 * SECOND)
    verify(before, harness.posted_documents()[0])


def test_a_dead_letter_waits_until_the_key_is_readable(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    no_retries = dumps({"healthyRetryPolicy": {"numRetries": 0}})
    redrive = dumps({"deadLetterTargetArn": DEAD_LETTER_QUEUE})
    harness.subscribe(topic, "http", WEBHOOK, DeliveryPolicy=no_retries, RedrivePolicy=redrive)
    before = get_certificate(harness)
    file = harness.directory / "sns" / "key.pem"
    key = file.read_bytes()
    harness.crash()
    file.write_text("broken")
    harness.up()
    harness.publish(topic)
    harness.advance(20 * SECOND)
    assert harness.queued_messages("dead") == []
    file.write_bytes(key)
    harness.advance(20 * SECOND)
    (dead,) = harness.queued_messages("dead")
    verify(before, loads(dead["MessageBody"]))
    assert harness.count_pending() == 0


def test_a_batch_for_queues_is_signed_in_a_thread_before_its_turn(
    harness: SnsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten signatures take two milliseconds, in which no other request would be answered."""
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    certificate, threads, get_key = get_certificate(harness), list[int](), Signer._get_key

    def record_thread(signer: Signer) -> rsa.RSAPrivateKey:
        threads.append(threading.get_ident())
        return get_key(signer)

    monkeypatch.setattr(Signer, "_get_key", record_thread)
    entries = [{"Id": str(number), "Message": f"m{number}"} for number in range(10)]
    answer = harness.call("sns", "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len(threads) == 11  # ten signatures, and the name of the certificate
    assert threading.get_ident() not in threads
    documents = [loads(each["MessageBody"]) for each in harness.queued_messages()]
    assert {each["MessageId"] for each in documents} == {each["MessageId"] for each in answer["Successful"]}
    for each in documents:
        verify(certificate, each)
