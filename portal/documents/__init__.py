"""The documents of docs/ as pages of the site: rendered from their Markdown, listed, searched."""
