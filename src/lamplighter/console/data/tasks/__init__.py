"""Read the ECS tasks that pages show, and start them."""
