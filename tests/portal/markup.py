"""Pages as tests read them: without the white space that only their templates' layout brings."""

import re


def flatten(page: str) -> str:
    """Return the markup on one line, without white space between tags, before the end of a tag or doubled anywhere."""
    return re.sub(r"(?<=>) (?=<)| (?=>)", "", re.sub(r"\s+", " ", page))
