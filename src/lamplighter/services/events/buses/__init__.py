"""Handle event buses: PutEvents, routing, archives and replays."""
