"""The small languages: paths, intrinsic functions, JSONata, event patterns, schedule expressions.

Promises that every text is compiled once, with a clear error, and then evaluated as a pure function. Refuses input and
output, clock, chance and names: what an expression needs of them is handed in as a `base.world.World`.
"""
