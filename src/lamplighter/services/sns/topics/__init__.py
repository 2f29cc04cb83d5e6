"""Implement topics, their access policies and their tags."""
