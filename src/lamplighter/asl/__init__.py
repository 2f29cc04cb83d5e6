"""Interpret the Amazon States Language: an event leads to the next state of the execution and to commands.

Guarantees purity: the same definition, execution, event and `World` always lead to the same step. Knows no services,
storage or networks; a Task is a resource name with parameters. See https://states-language.net/spec.html.
"""
