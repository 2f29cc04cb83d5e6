"""Send, receive, delete and peek at messages, and wait for them."""
