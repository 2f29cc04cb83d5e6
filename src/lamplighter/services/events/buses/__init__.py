"""Event buses: PutEvents, routing, archives and replays."""
