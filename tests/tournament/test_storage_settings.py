"""ARENA_FILES says where files lie; what it cannot be is refused with what it can be."""

import os
import subprocess
import sys

import pytest

from portal.launcher.installation import CHECKOUT


def read(tmp_path, code, **environment):
    names = {"ARENA_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=CHECKOUT, env=os.environ | names, capture_output=True, text=True)


PRINT = (
    "from portal import settings; import os; print(settings.STORAGES['default'], 'AWS_ENDPOINT_URL_S3' in os.environ)"
)


def test_files_lie_in_a_bucket_below_a_prefix(tmp_path):
    told = read(tmp_path, PRINT, ARENA_FILES="s3://files/arena/one", AWS_ENDPOINT_URL_S3="").stdout
    assert "'bucket_name': 'files', 'location': 'arena/one'" in told and told.endswith("False\n")


@pytest.mark.parametrize("address", ["files", "s3://", "https://server/files"])
def test_another_address_is_refused(tmp_path, address):
    done = read(tmp_path, PRINT, ARENA_FILES=address)
    assert done.returncode == 1 and "it must be s3://BUCKET" in done.stderr and "Traceback" not in done.stderr
