"""The HTTP server of `up`: its port, its connections and their limits."""
