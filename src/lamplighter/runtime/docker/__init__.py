"""Containers run by Docker."""
