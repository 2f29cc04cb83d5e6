"""List the services that vend logs through deliveries, with the types of their logs.

From the description of `logType` on
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html.
"""

from collections.abc import Mapping

APPLICATION, EVENTS, TRACES, USAGE = "APPLICATION_LOGS", "EVENT_LOGS", "TRACES", "USAGE_LOGS"

LOG_TYPES: Mapping[str, frozenset[str]] = {
    "amplify": frozenset({"ACCESS_LOGS", "WAF_LOGS"}),
    "bedrock": frozenset({APPLICATION, EVENTS, TRACES}),
    "bedrock-agentcore": frozenset({APPLICATION, USAGE, TRACES}),
    "cloudfront": frozenset({"ACCESS_LOGS", "CONNECTION_LOGS"}),
    "codewhisperer": frozenset({EVENTS}),
    "cognito-idp": frozenset({APPLICATION}),
    "ec2": frozenset({EVENTS}),
    "ecs": frozenset({"ACTION_LOGS"}),
    "eks": frozenset(
        {
            *("AUTO_MODE_BLOCK_STORAGE_LOGS", "AUTO_MODE_COMPUTE_LOGS", "AUTO_MODE_IPAM_LOGS"),
            *("AUTO_MODE_LOAD_BALANCING_LOGS", "EKS_CAPABILITY_ACK_LOGS", "EKS_CAPABILITY_ARGOCD_APPLICATION_LOGS"),
            *("EKS_CAPABILITY_ARGOCD_APPLICATIONSET_LOGS", "EKS_CAPABILITY_ARGOCD_COMMITSERVER_LOGS"),
            *("EKS_CAPABILITY_ARGOCD_REPOSERVER_LOGS", "EKS_CAPABILITY_ARGOCD_SERVER_LOGS"),
            "EKS_CAPABILITY_KRO_LOGS",
        }
    ),
    "elastic-inference": frozenset({APPLICATION}),
    "elasticloadbalancing": frozenset(
        {"ALB_ACCESS_LOGS", "ALB_CONNECTION_LOGS", "ALB_HEALTH_CHECK_LOGS", "NLB_ACCESS_LOGS"}
    ),
    "entityresolution": frozenset({"WORKFLOW_LOGS"}),
    "events": frozenset({"ERROR_LOGS", "INFO_LOGS", "TRACE_LOGS"}),
    "logs": frozenset({"INSIGHTS_QUERY_LOGS"}),
    "mediapackagev2": frozenset({"EGRESS_ACCESS_LOGS", "INGRESS_ACCESS_LOGS"}),
    "mediatailor": frozenset({"AD_DECISION_SERVER_LOGS", "MANIFEST_SERVICE_LOGS", "TRANSCODE_LOGS"}),
    "network-firewall": frozenset({"ALERT_LOGS", "ALLOW_LOGS", "DENY_LOGS"}),
    "pcs": frozenset({"PCS_SCHEDULER_LOGS", "PCS_JOBCOMP_LOGS", "PCS_SCHEDULER_AUDIT_LOGS", "PCS_SCALING_LOGS"}),
    "qbusiness": frozenset({EVENTS, "SYNC_JOB_LOGS"}),
    "quicksight": frozenset(
        {
            *("AGENT_HOURS_LOGS", "AGENT_METADATA_LOGS", "CHAT_LOGS", "DLP_LOGS", "FEEDBACK_LOGS"),
            *("INDEX_USAGE_LOGS", "KB_FILE_SYNC_LOGS"),
        }
    ),
    "route53globalresolver": frozenset({"GLOBAL_RESOLVER_LOGS"}),
    "rtbfabric": frozenset({APPLICATION}),
    "s3": frozenset({"S3_SERVER_ACCESS_LOGS"}),
    "securityhub": frozenset({"SECURITY_FINDING_LOGS"}),
    "ses": frozenset({APPLICATION, "TRAFFIC_POLICY_DEBUG_LOGS"}),
    "shield": frozenset({"FLOW_LOGS"}),
    "sso": frozenset({"ERROR_LOGS"}),
    "wisdom": frozenset({EVENTS}),
    "workmail": frozenset(
        {
            *("ACCESS_CONTROL_LOGS", "AUTHENTICATION_LOGS", "WORKMAIL_AVAILABILITY_PROVIDER_LOGS"),
            *("WORKMAIL_MAILBOX_ACCESS_LOGS", "WORKMAIL_PERSONAL_ACCESS_TOKEN_LOGS"),
        }
    ),
}
"""The types of logs by the service in the resource's ARN."""
