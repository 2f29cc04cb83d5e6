"""Signatures, verified as AWS tells its customers to.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
"""

from base64 import b64decode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lamplighter.base.json_text import Json
from lamplighter.base.world import fixed_world
from lamplighter.services.sns.messages.signing import Signer
from tests.engine_harness import CALLER
from tests.services.sns.sns_harness import HOOK, SnsHarness

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


def test_a_key_that_is_broken_is_made_anew(tmp_path: Path) -> None:
    world = fixed_world()
    first = Signer(tmp_path, world).certificate()
    (tmp_path / "key.pem").write_text("broken")
    signer = Signer(tmp_path, world)
    signature = signer.sign("2", {"Message": "m"})
    assert signer.certificate() != first
    key = x509.load_pem_x509_certificate(signer.certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(b64decode(signature), b"Message\nm\n", padding.PKCS1v15(), hashes.SHA256())
