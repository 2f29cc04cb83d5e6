"""Compose mails: text for people who subscribe by `email`, and the document that programs get by `email-json`.

Guarantees that a repeated mail can be recognised: its Message-ID consists of the message's and the subscription's ids.
Guarantees that links open pages with a button, because mail scanners open every link. The words are AWS's, except in
alerts of a job file: the engine creates a deleted subscription of the file again, so a link to unsubscribe is useless.
See https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html.
"""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from lamplighter.base.chat_services import SENDER_SUFFIX
from lamplighter.services.sns.messages.notification import (
    NOTIFICATION,
    SUBSCRIPTION,
    UNSUBSCRIPTION,
    EngineUrls,
    Notification,
)

SUBJECTS = {
    NOTIFICATION: "AWS Notification Message",
    SUBSCRIPTION: "AWS Notification - Subscription Confirmation",
    UNSUBSCRIPTION: "AWS Notification - Unsubscribe Confirmation",
}
SENDER = "lamplighter"
"""The sender's name of confirmations, and of notifications of topics without a display name.

AWS's is "AWS Notifications", which would be wrong for a mail of this engine.
"""
NO_REPLY = "Please do not reply directly to this email."


def make_mail(notification: Notification, recipient: str, text: str) -> EmailMessage:
    """Return a mail with this text; the code that sends it adds the sender."""
    message = EmailMessage(policy=SMTP)
    message["To"] = recipient
    subject = notification.subject or SUBJECTS[notification.type]
    message["Subject"] = " ".join(subject.splitlines())  # a header has no line breaks, and Unicode has more than ASCII
    message["Date"] = format_datetime(datetime.fromtimestamp(notification.timestamp // 1000, UTC))
    message["Message-ID"] = f"<{notification.id}.{notification.subscription.rpartition(':')[2]}@sns.lamplighter>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def plain_text(notification: Notification, urls: EngineUrls, sender: str) -> str:
    """Return the text of a notification or confirmation for people; `sender` is the topic's display name."""
    if notification.type == NOTIFICATION and sender.endswith(SENDER_SUFFIX):
        project = sender.removesuffix(SENDER_SUFFIX)
        return f"{notification.text}\n\n--\nThe job file of {project} names your address as a channel of alerts.\n"
    if notification.type == NOTIFICATION:
        return (
            f"{notification.text}\n\n--\n"
            "If you wish to stop receiving notifications from this topic, please click or visit the link below to "
            f"unsubscribe:\n{urls.unsubscribe(notification.subscription)}\n\n{NO_REPLY}\n"
        )
    link = urls.confirm(notification.topic, notification.token or "")
    if notification.type == SUBSCRIPTION:
        return (
            f"You have chosen to subscribe to the topic:\n{notification.topic}\n\n"
            "To confirm this subscription, click or visit the link below (If this was in error no action is "
            f"necessary):\n{link}\n\n{NO_REPLY}\n"
        )
    return (
        f"Your subscription to the topic below has been deleted:\n{notification.topic}\n\n"
        "If this was in error or you wish to resubscribe, click or visit the link below to resubscribe to the topic:\n"
        f"{link}\n\n{NO_REPLY}\n"
    )
