"""Implement EventBridge: buses, rules, targets, schedules, archives and replays.

Guarantees that an event is matched and archived in the transaction that caused it, and that each target of a matching
rule gets the event through `lamplighter.delivery`. Permissions and roles decide only if the engine enforces IAM. Stores
and shows settings that have no effect on a single machine: encryption keys, log settings. Does not support partner
event sources and global endpoints.
See https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html.
"""
