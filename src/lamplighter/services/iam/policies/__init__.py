"""Managed policies: those of accounts, with their versions, and those of AWS."""
