"""EventBridge: buses, rules, targets, schedules, archives and replays.

Promises that an event is matched and archived in the transaction that caused it, and that each target that it is for
gets it, through `lamplighter.delivery`. Accepts, keeps and shows what cannot mean anything on one box: permissions,
encryption keys, roles, log settings. Refuses partner event sources and global endpoints.
See https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html.
"""
