"""The Amazon States Language as a machine: one event in, the next state and what to do about it out.

Promises purity: the same definition, execution, event and world give the same step, whatever the weather. Refuses to
know services, storage or networks; a Task is a resource name and parameters. See https://states-language.net/spec.html.
"""
