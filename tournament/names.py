"""Names that people choose: each must be visible, must not deceive, and must not look like a built-in agent's."""

from __future__ import annotations

import unicodedata
from functools import cache

from mate.agents.batched import BUILTIN_NAMES

BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159\U00016fe4")
"""Characters that Unicode counts as letters or symbols, and that are invisible."""
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Control characters that show a text in another order than it is written."""

ALIKE = str.maketrans("01|i", "olll")


def find_problem(name: str) -> str:
    """Return what is wrong with a name, and what to do; empty where nothing is."""
    if any(letter in REORDERING for letter in name):
        return "It has a mark in it that turns the direction of writing. Leave it out."
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return "It has a control character or half a surrogate pair in it. Leave it out."
    if not any(is_seen(letter) for letter in name):
        return "It has no visible character. Give a name with at least one letter, digit or symbol."
    return ""


def find_agent_problem(name: str) -> str:
    """Return what is wrong with an agent's name, which must not look like a built-in agent's; empty if nothing."""
    if problem := find_problem(name):
        return problem
    looks = outlines(name)
    for builtin in BUILTIN_NAMES:
        if looks & outlines(builtin):
            return f"It reads like {builtin.capitalize()}, a built-in agent. Give another name."
    return ""


def is_seen(letter: str) -> bool:
    """Return whether a character is drawn by itself: a letter, digit, symbol or punctuation mark that is not blank."""
    return letter not in BLANK and unicodedata.category(letter)[0] in "LNPS"


def outlines(name: str) -> set[str]:
    """Return what a name looks like, as it is written and in lower case, with Latin letters for similar characters.

    Case, marks, spaces and punctuation are ignored. Letters that look alike in most fonts count as equal.
    """
    return {outline(name), outline(name.casefold())}


def outline(name: str) -> str:
    seen = filter(is_seen, unicodedata.normalize("NFKD", name))
    letters = "".join(map(latin, seen)).casefold()
    return "".join(filter(str.isalnum, letters.translate(ALIKE))).replace("rn", "m")


@cache
def latin(letter: str) -> str:
    """Return the ASCII letter that a character looks like, or the character itself if there is none."""
    if letter.isascii():
        return letter
    from confusable_homoglyphs.confusables import confusables_data  # 7 MB of tables that few names need

    alike = (one["c"] for one in confusables_data.get(letter, ()))
    return next((one for one in alike if one.isascii() and one.isalpha()), letter)
