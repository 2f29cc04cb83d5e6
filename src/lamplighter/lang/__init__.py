"""Compile and evaluate the small languages: paths, intrinsic functions, JSONata, event patterns, schedule expressions.

Guarantees that every text is compiled once, with a clear error if it is invalid, and is then evaluated as a pure
function. Does no input or output, reads no clock and draws no random numbers or UUIDs: an expression that needs them
gets them from a `base.world.World`.
"""
