"""Valid requests of SNS."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import ACCOUNT
from tests.fuzz.valid_requests.place import SNS, SQS

TOPIC: Json = {"TopicArn": f"{SNS}:a"}
SUBSCRIPTION: Json = {"SubscriptionArn": "${subscriptionarn}"}
APPLICATION: Json = {"PlatformApplicationArn": f"{SNS}:app/ADM/a"}
ENDPOINT: Json = {"EndpointArn": "${endpointarn}"}
PHONE = "+15551234567"

BEGIN: list[tuple[str, Json]] = [
    ("CreateTopic", {"Name": "a.fifo", "Attributes": {"FifoTopic": "true"}}),
    ("CreateTopic", {"Name": "a"}),
    ("Subscribe", {**TOPIC, "Protocol": "sqs", "Endpoint": f"{SQS}:a", "ReturnSubscriptionArn": True}),
    ("SetSubscriptionAttributes", {
        **SUBSCRIPTION, "AttributeName": "RawMessageDelivery", "AttributeValue": "true",
    }),
    ("GetSubscriptionAttributes", SUBSCRIPTION),
    ("ListSubscriptions", {}),
    ("ListSubscriptionsByTopic", TOPIC),
    ("ListTopics", {}),
    ("SetTopicAttributes", {**TOPIC, "AttributeName": "DisplayName", "AttributeValue": "A"}),
    ("GetTopicAttributes", TOPIC),
    ("Publish", {**TOPIC, "Message": "a"}),
    ("PublishBatch", {**TOPIC, "PublishBatchRequestEntries": [{"Id": "1", "Message": "a"}]}),
    ("AddPermission", {**TOPIC, "Label": "a", "AWSAccountId": [ACCOUNT], "ActionName": ["Publish"]}),
    ("PutDataProtectionPolicy", {
        "ResourceArn": f"{SNS}:a", "DataProtectionPolicy": '{"Name":"a","Version":"2021-06-01","Statement":[]}',
    }),
    ("GetDataProtectionPolicy", {"ResourceArn": f"{SNS}:a"}),
    ("TagResource", {"ResourceArn": f"{SNS}:a", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsForResource", {"ResourceArn": f"{SNS}:a"}),
    ("CreatePlatformApplication", {
        "Name": "a", "Platform": "ADM", "Attributes": {"PlatformPrincipal": "a", "PlatformCredential": "a"},
    }),
    ("SetPlatformApplicationAttributes", {**APPLICATION, "Attributes": {"Enabled": "true"}}),
    ("GetPlatformApplicationAttributes", APPLICATION),
    ("ListPlatformApplications", {}),
    ("CreatePlatformEndpoint", {**APPLICATION, "Token": "a"}),
    ("SetEndpointAttributes", {**ENDPOINT, "Attributes": {"CustomUserData": "a"}}),
    ("GetEndpointAttributes", ENDPOINT),
    ("ListEndpointsByPlatformApplication", APPLICATION),
    ("SetSMSAttributes", {"attributes": {"DefaultSMSType": "Promotional"}}),
    ("GetSMSAttributes", {}),
    ("CheckIfPhoneNumberIsOptedOut", {"phoneNumber": PHONE}),
    ("OptInPhoneNumber", {"phoneNumber": PHONE}),
    ("ListPhoneNumbersOptedOut", {}),
    ("ListOriginationNumbers", {}),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("UntagResource", {"ResourceArn": f"{SNS}:a", "TagKeys": ["a"]}),
    ("RemovePermission", {**TOPIC, "Label": "a"}),
    ("Unsubscribe", SUBSCRIPTION),
    ("DeleteEndpoint", ENDPOINT),
    ("DeletePlatformApplication", APPLICATION),
    ("DeleteTopic", TOPIC),
]
