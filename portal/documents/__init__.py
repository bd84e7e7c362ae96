"""The documents of docs/ as pages of the website: rendering from Markdown, table of contents, search."""
