"""What is wrong is looked for, told once, and closed once."""
