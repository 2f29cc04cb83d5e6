"""Where the engine of a data directory listens: a file that `up` leaves there, and that outlives one that is killed."""

ADDRESS = "address"
"""The file's name, in the data directory."""
