"""What is told of the hub's own work, and never of a child."""
