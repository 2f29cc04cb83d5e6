"""Map the AWS SDKs' service identifiers, which ARNs of SDK calls contain, to botocore's service names.

Guarantees botocore's name, or the bus's name if the two differ. Most identifiers are botocore's names without hyphens;
`IRREGULAR_NAMES` lists the others.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html.
"""

from collections.abc import Iterable, Mapping

IRREGULAR_NAMES: Mapping[str, str] = {
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
"""Names of services, by identifier, for identifiers that are not botocore's name without hyphens."""


def names_by_sdk_identifier(names: Iterable[str]) -> Mapping[str, str]:
    """Return the names of services by the AWS SDKs' identifiers."""
    return {**{name.replace("-", ""): name for name in names}, **IRREGULAR_NAMES}
