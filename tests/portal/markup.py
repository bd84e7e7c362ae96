"""Normalised markup for tests: without the white space of the templates' layout."""

import re


def flatten(page: str) -> str:
    """Return the markup on one line, without white space between tags, before the end of a tag or doubled anywhere."""
    return re.sub(r"(?<=>) (?=<)| (?=>)", "", re.sub(r"\s+", " ", page))
