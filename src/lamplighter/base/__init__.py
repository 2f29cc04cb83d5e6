"""Define what every layer may use: errors, ARNs, JSON text and the port for clock, names and randomness (`World`).

Guarantees code without IO, apart from the modules that are named for it (`world.py`, `files.py`, `threads.py`). This
package depends on no AWS service.
"""
