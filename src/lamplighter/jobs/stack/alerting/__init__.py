"""The resources of a stack that alert people: topics, rules, alarms, heartbeats."""
