"""Serve AWS Identity and Access Management: roles, their policies, and decisions about calls (`access`).

Users, groups and access keys are not served: the keys of an engine are in its credentials file. Decisions are made
only if the engine enforces IAM.
See https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html.
"""
