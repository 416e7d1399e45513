"""What may be said: envelope, values, one file per conversation, code sets and the register."""
