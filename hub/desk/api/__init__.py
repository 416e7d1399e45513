"""The desk for programs, at /v1/desk."""
