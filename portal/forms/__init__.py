"""Forms of the website, one file per subject."""
