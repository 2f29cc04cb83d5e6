"""Decide calls by the policies of roles, and say which statement is missing."""
