"""Protection of the console: login, CSRF tokens and response headers."""
