"""Name the file in which `up` records the engine's URL. The file remains if the engine is killed."""

ADDRESS_FILE = "address"
"""The file's name in the data directory."""
