"""What every layer may use: errors, ARNs, JSON text and the one door to clock and chance.

Promises to be pure, with one exception that is named for it (`world.py`). Refuses to know any AWS service.
"""
