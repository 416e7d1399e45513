"""Decisions about a message are pure functions over data with editions."""
