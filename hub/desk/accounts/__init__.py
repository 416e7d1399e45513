"""Who may sit at the desk: people, sessions, tokens, and their own database."""
