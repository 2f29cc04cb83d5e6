"""Read and write the tables of ECS."""
