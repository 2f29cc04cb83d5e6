"""Connect SNS to the bus: its operations by AWS's names, its outbox rows and its timers."""

from collections.abc import Mapping
from pathlib import Path

from lamplighter.base.aws.secret_references import SecretLookup, environment_secrets
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Operation, Service
from lamplighter.delivery.attempts import RETRY_TIMER
from lamplighter.outbound.aws import RemoteServices
from lamplighter.outbound.port import Outbound
from lamplighter.services.sns.delivery import list_deliveries
from lamplighter.services.sns.delivery.deliver import SERVICE, DeliverySender
from lamplighter.services.sns.delivery.endpoints import EndpointSenders
from lamplighter.services.sns.delivery.sqs_endpoint import SqsEndpoint
from lamplighter.services.sns.messages.notification import EngineUrls
from lamplighter.services.sns.messages.publish import Publisher
from lamplighter.services.sns.messages.signing import Signer
from lamplighter.services.sns.mobile import platform_applications, platform_endpoints
from lamplighter.services.sns.mobile.platform_endpoints import PlatformEndpoints
from lamplighter.services.sns.sms import phone_numbers, sms_settings
from lamplighter.services.sns.subscriptions import mail_links, subscriptions
from lamplighter.services.sns.subscriptions.subscribe import SubscriptionOperations
from lamplighter.services.sns.tables import topics as rows
from lamplighter.services.sns.tables.subscriptions import clear_throttles
from lamplighter.services.sns.topics import tags
from lamplighter.services.sns.topics.topics import Topics
from lamplighter.store.db import OutboxRow, Reader, Tx
from lamplighter.store.timers import Timer

SMS_OPERATIONS: Mapping[str, Operation] = {
    "SetSMSAttributes": Operation(write=sms_settings.set_attributes),
    "GetSMSAttributes": Operation(read=sms_settings.get_attributes),
    "CheckIfPhoneNumberIsOptedOut": Operation(read=phone_numbers.is_opted_out),
    "ListPhoneNumbersOptedOut": Operation(read=phone_numbers.list_opted_out),
    "OptInPhoneNumber": Operation(write=phone_numbers.opt_in),
    "ListOriginationNumbers": Operation(read=phone_numbers.list_origination_numbers),
}
"""The operations on text messages and phone numbers."""


class Sns(Service):
    """SNS as a service of the engine."""

    name = SERVICE

    def __init__(
        self,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        outbound: Outbound,
        data_directory: Path,
        url: str,
        *,
        ask_by_mail: bool = False,
        commands: bool = True,
        secrets: SecretLookup | None = None,
    ) -> None:
        self._bus = bus
        self._outbound = outbound
        self._signer = signer = Signer(data_directory / "sns", world)
        addresses = EngineUrls(url)
        senders = EndpointSenders(outbound, remote, addresses, signer, secrets or environment_secrets({}))
        queues = SqsEndpoint(bus, addresses, signer)
        self._sender = sender = DeliverySender(bus.store, world, senders, queues)
        topics = Topics(signer.prepare)
        asks_by_mail = ask_by_mail and outbound.mail.folder is None
        self._subscription_operations = subscription_operations = SubscriptionOperations(
            world, sender, asks_by_mail, commands
        )
        publisher = Publisher(world, sender)
        self.operations: Mapping[str, Operation] = {
            "CreateTopic": Operation(write=topics.create),
            "DeleteTopic": Operation(write=topics.delete),
            "ListTopics": Operation(read=topics.list),
            "GetTopicAttributes": Operation(read=topics.get_attributes),
            "FindPolicy": Operation(read=topics.find_policy),
            "SetTopicAttributes": Operation(write=topics.set_attributes),
            "AddPermission": Operation(write=topics.add_permission),
            "RemovePermission": Operation(write=topics.remove_permission),
            "GetDataProtectionPolicy": Operation(read=topics.get_protection_policy),
            "PutDataProtectionPolicy": Operation(write=topics.put_protection_policy),
            "Subscribe": Operation(write=subscription_operations.subscribe, prepare=subscription_operations.prepare),
            "ConfirmSubscription": Operation(write=subscription_operations.confirm),
            "Unsubscribe": Operation(write=subscription_operations.unsubscribe),
            "ListSubscriptions": Operation(read=subscriptions.list_subscriptions),
            "ListSubscriptionsByTopic": Operation(read=subscriptions.list_by_topic),
            "GetSubscriptionAttributes": Operation(read=subscriptions.get_attributes),
            "SetSubscriptionAttributes": Operation(
                write=subscriptions.set_attributes, prepare=subscriptions.prepare_set_attributes
            ),
            "Publish": Operation(write=publisher.publish, prepare=publisher.prepare_publish),
            "PublishBatch": Operation(write=publisher.publish_batch, prepare=publisher.prepare_batch),
            **tags.OPERATIONS.by_name(),
            **_mobile_operations(world),
            **SMS_OPERATIONS,
            # AWS does not have these. Stacks call AddConfirmedSubscription for the webhooks of a job file, the console
            # calls ListDeliveries, the pages of links in mails call FindSubscription, and the server calls
            # GetCertificate for the URL in messages.
            "AddConfirmedSubscription": Operation(write=subscription_operations.confirm_without_asking),
            "ListDeliveries": Operation(read=list_deliveries.list_deliveries),
            "FindSubscription": Operation(read=mail_links.find_subscription),
            "GetCertificate": Operation(read=self._get_certificate),
        }

    def _get_certificate(self, _reader: Reader, _caller: Caller, _params: Json) -> bytes:
        """Return the certificate that proves the signatures of messages, as PEM."""
        return self._signer.certificate()

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Make one delivery attempt."""
        await self._sender.handle_outbox_row(row)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Start the next attempt of a delivery, or delete a subscription that was not confirmed in time."""
        if timer.name == RETRY_TIMER:
            self._sender.fire_timer(tx, timer)
        else:
            self._subscription_operations.fire_timer(tx, timer)

    async def start(self) -> None:
        """Prepare the signing key and reset the throttles if there is a topic."""
        if rows.any_exists(self._bus.store.reader):
            self._signer.prepare()
            await self._bus.store.write(clear_throttles)

    async def stop(self) -> None:
        """Close the connections to web servers."""
        await self._outbound.http.close()


def _mobile_operations(world: World) -> Mapping[str, Operation]:
    """Return the operations on mobile applications and their endpoints."""
    return {
        "CreatePlatformApplication": Operation(write=platform_applications.create_application),
        "DeletePlatformApplication": Operation(write=platform_applications.delete_application),
        "GetPlatformApplicationAttributes": Operation(read=platform_applications.get_attributes),
        "SetPlatformApplicationAttributes": Operation(write=platform_applications.set_attributes),
        "ListPlatformApplications": Operation(read=platform_applications.list_applications),
        "CreatePlatformEndpoint": Operation(write=PlatformEndpoints(world).create),
        "DeleteEndpoint": Operation(write=platform_endpoints.delete_endpoint),
        "GetEndpointAttributes": Operation(read=platform_endpoints.get_attributes),
        "SetEndpointAttributes": Operation(write=platform_endpoints.set_attributes),
        "ListEndpointsByPlatformApplication": Operation(read=platform_endpoints.list_endpoints),
    }
