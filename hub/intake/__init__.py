"""What becomes of a parcel, by the same rules for a partner's and for one that a person corrected."""
