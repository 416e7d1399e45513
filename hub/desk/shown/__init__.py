"""How things are said and drawn, the same on every page."""
