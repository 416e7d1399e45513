"""What people do, one file for each thing that they do it to."""
