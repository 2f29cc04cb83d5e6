"""What services are called: the AWS SDKs' identifiers, which ARNs of SDK calls carry, and botocore's names.

Promises botocore's name, or the bus's where that is another. Most identifiers are botocore's names without hyphens; the
others are here. See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html.
"""

from collections.abc import Iterable, Mapping

OTHERWISE: Mapping[str, str] = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatch": "monitoring",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "states",
    "simpledb": "sdb",
}
"""Services whose names are other words."""


def names_by_sdk_identifier(names: Iterable[str]) -> Mapping[str, str]:
    """By the AWS SDKs' identifiers, the names of services."""
    return {**{name.replace("-", ""): name for name in names}, **OTHERWISE}
