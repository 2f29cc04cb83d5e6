"""Calls of Task states: which call, how it is made, and how its end is noticed."""
