"""Store mobile applications and their endpoints; nothing is pushed to them."""
