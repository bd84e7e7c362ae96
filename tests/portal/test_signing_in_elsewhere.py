"""Signing in with an account of another site, at a provider of OpenID Connect that runs beside the test."""

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.one_database
def test_a_person_signs_up_and_in_with_an_account_of_the_university() -> None:
    own = os.environ | {"ARENA_TEST_PROCESS": ""}  # a data folder, and so a database, beside this process's
    command = [sys.executable, "-m", "tests.portal.openid"]
    run = subprocess.run(command, env=own, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == {
        "offers": True,
        "policy": True,
        "asks for a name": "/sign-up/name/",
        "refuses a bad name": 200,
        "enters": "/",
        "user": [["carol", "carol@university.example"]],
        "enters again": "/",
        "knows": True,
        "closed": [True, 1],
    }
