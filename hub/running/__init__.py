"""What keeps the roles of one machine running, and each of them once."""
