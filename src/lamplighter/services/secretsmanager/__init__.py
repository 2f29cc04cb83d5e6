"""Implement Secrets Manager: secrets with versions and stages, their deletion with a recovery window, and passwords.

Guarantees that values are encrypted in the database (`store/encryption.py`). Rotation is not here: Lambda functions,
which would make new values, are not either.
"""
