"""Each page of the desk is one file, and a file has the forms of its page too."""
