"""The metrics of the engine as text for Prometheus."""
