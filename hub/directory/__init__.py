"""Partner files become the directory of partners, or say what is wrong with them."""
