"""The ledger is read in small frozen answers, and nothing here can change it."""
