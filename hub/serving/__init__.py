"""What every listening role has in common: doors, patience, probes."""
