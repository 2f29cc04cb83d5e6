"""Implement the operations on stacks and change sets, and those that describe them."""
