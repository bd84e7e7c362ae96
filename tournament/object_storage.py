"""S3-compatible storage of the portal's files. Needs the extra `s3`; `ARENA_FILES` names the bucket.

The address of the server, the region and the credentials are boto3's own settings, such as AWS_ENDPOINT_URL_S3,
AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage

CONNECT_SECONDS = 5
READ_SECONDS = 30


class ObjectStorage(S3Storage):
    """A bucket, or the part of it below a prefix. An attempt fails if the server does not answer for half a minute."""

    def get_default_settings(self) -> dict[str, Any]:
        """Return the default settings: no object is public, and saving under an existing name overwrites the object."""
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "auto"},
        )
        ours = {"default_acl": None, "querystring_auth": True, "file_overwrite": True, "client_config": config}
        defaults: dict[str, Any] = super().get_default_settings() | ours
        return defaults
