"""The Chinese catalogue is complete, up to date and compiled, and keeps the placeholders of texts."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from portal.management.commands.collect_texts import FOLDER, collect

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%s")
SOURCES = ("portal", "tasks", "tournament", "templates")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def translations_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_text_is_translated(catalogue: polib.POFile) -> None:
    untranslated = [entry.msgid for entry in catalogue if not entry.translated() or "fuzzy" in entry.flags]
    assert untranslated == []


def test_a_translation_is_filled_with_the_same_values(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for text in translations_of(entry):
            assert set(PLACEHOLDER.findall(text)) == wanted, entry.msgid


def test_the_compiled_catalogue_is_that_of_the_texts(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    pairs = {(one.msgctxt, one.msgid): translations_of(one) for one in compiled}
    assert pairs == {(one.msgctxt, one.msgid): translations_of(one) for one in catalogue}


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="xgettext, of the package gettext, is not installed")
def test_the_catalogue_has_just_the_texts_of_the_sources(tmp_path: Path, catalogue: polib.POFile) -> None:
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "static", "*.mo"))
    (tmp_path / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "zh_Hans", "--no-location"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = polib.pofile(str(tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    texts = {(entry.msgctxt, entry.msgid) for entry in found}
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete}
    assert texts - known == set(), "run: make messages"
    assert known - texts == set(), "run: make messages"


def test_texts_of_the_floors_below_are_those_of_their_sources() -> None:
    for name, content in collect(ROOT).items():
        assert (ROOT / FOLDER / name).read_text() == content, "run: make messages"
