"""The search box: what was asked, how it is understood, what is found."""
