"""Mail behaviour that the fake does not have: the URL of a server, its replies, and the mail folder."""

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.outbound.mail import MailFolder, SmtpMail
from lamplighter.outbound.mail_server import InvalidMailServer, MailServer, parse_mail_server
from lamplighter.outbound.port import DeliveryFailed
from lamplighter.services.sns.messages.signing import Signer
from tests.contracts.servers import closed_port, mail_server
from tests.contracts.test_outbound import mail


def test_a_mail_server_is_parsed_from_a_url() -> None:
    assert parse_mail_server("smtps://n%40ight:p%40ss@mail.example?from=ops@example.com") == MailServer(
        "mail.example", 465, True, False, "n@ight", "p@ss", "ops@example.com"
    )
    assert parse_mail_server("smtp://mail.example:2525").port == 2525
    assert parse_mail_server("smtp://me@example.com@mail.example").sender == "me@example.com"


@pytest.mark.parametrize(
    "url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://m:x", "smtp://[", "smtp://m?from=nobody"]
)
def test_an_invalid_mail_server_url_is_rejected(url: str) -> None:
    with pytest.raises(InvalidMailServer):
        parse_mail_server(url)


async def test_the_engine_logs_in_and_sends_from_its_own_address() -> None:
    async with mail_server(login=True) as server:
        out = SmtpMail(parse_mail_server(f"smtp://night:p%40ss@127.0.0.1:{server.port}?from=engine@box.example"))
        await out.send(mail(), "Night")
    assert server.logins == [b"night"]
    assert server.senders == ["engine@box.example"]
    assert server.mails[0]["From"] == "Night <engine@box.example>"


async def test_a_wrong_password_is_retryable_because_it_can_be_corrected() -> None:
    async with mail_server(login=True) as server:
        out = SmtpMail(parse_mail_server(f"smtp://night:wrong@127.0.0.1:{server.port}"))
        with pytest.raises(DeliveryFailed, match="535") as error:
            await out.send(mail(), "Night")
    assert error.value.retryable


@pytest.mark.parametrize(("reply", "retryable"), [("450 grey", True), ("550 nobody", False)])
async def test_a_rejected_recipient_is_reported(reply: str, retryable: bool) -> None:
    async with mail_server() as server:
        server.recipient_replies.append(reply)
        with pytest.raises(DeliveryFailed, match=reply) as error:
            await SmtpMail(parse_mail_server(f"smtp://127.0.0.1:{server.port}")).send(mail(), "Night")
    assert error.value.retryable is retryable


async def test_a_self_signed_certificate_is_rejected_unless_tls_is_off(tmp_path: Path) -> None:
    async with mail_server(certificate=certificate(tmp_path)) as server:
        with pytest.raises(DeliveryFailed, match="certificate") as error:
            await SmtpMail(parse_mail_server(f"smtp://127.0.0.1:{server.port}")).send(mail(), "Night")
        assert error.value.retryable
        await SmtpMail(parse_mail_server(f"smtp://127.0.0.1:{server.port}?tls=off")).send(mail(), "Night")
    assert len(server.mails) == 1


def certificate(folder: Path) -> tuple[Path, Path]:
    """Create a self-signed certificate and its key."""
    Signer(folder, real_world()).certificate()
    return folder / "certificate.pem", folder / "key.pem"


async def test_a_mail_to_an_absent_server_is_retryable() -> None:
    with closed_port() as port, pytest.raises(DeliveryFailed) as error:
        await SmtpMail(parse_mail_server(f"smtp://127.0.0.1:{port}")).send(mail(), "Night")
    assert error.value.retryable


async def test_a_mail_that_is_sent_twice_is_stored_once(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "mail")
    for _ in range(2):
        await folder.send(mail(), "Night")
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["m-1.s-1.eml"]


async def test_a_message_id_cannot_point_outside_the_folder(tmp_path: Path) -> None:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = "<../../x@y>"
    await MailFolder(tmp_path / "mail").send(message, "Night")
    assert mail_folders(tmp_path) == [tmp_path / "mail"]


def mail_folders(path: Path) -> list[Path]:
    """Return the folders that contain mails."""
    return [mail.parent for mail in path.rglob("*.eml")]


async def test_a_folder_that_cannot_be_written_is_retryable(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(DeliveryFailed) as error:
        await MailFolder(tmp_path / "mail").send(mail(), "Night")
    assert error.value.retryable
