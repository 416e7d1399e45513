"""How a message or bytes are corrected in a form."""
