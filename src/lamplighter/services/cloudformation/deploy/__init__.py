"""Carry out stack operations: create, update, delete and roll back resources."""
