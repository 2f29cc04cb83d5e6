"""What an engine loads only when it is first used, so that it starts quickly."""
