"""Implement the Parameter Store of Systems Manager: parameters with versions, labels and tags.

Guarantees that the value of a SecureString is encrypted in the database (`store/encryption.py`). No other part of
Systems Manager is here.
"""
