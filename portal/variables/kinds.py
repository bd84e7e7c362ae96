"""Kinds of environment variables.

Each refuses an invalid text with a message that completes the sentence "it must be".
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from portal.signing.mail import read_mail
from portal.variables.allowances import read_limits, read_quotas

HOST = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*")
DATABASES = ("postgres", "postgresql", "pgsql", "sqlite")
REDIS = ("redis", "rediss", "unix", "redis+socket")
AGENTS = '{"name": "module:Class"} or {"name": {"class": "module:Class", "options": {...}}} as JSON'


def is_address(text: str) -> bool:
    """Return whether a text is an IP address or an IP network."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def check_host(text: str) -> str:
    if not (is_address(text) and "/" not in text) and not HOST.fullmatch(text):
        raise ValueError("a host's name or an IP address, without http:// and without a port")
    return text


def check_site_name(text: str) -> str:
    """Check a host name of the website: ``*`` is any name, ``.example.org`` includes subdomains."""
    bare = text.removeprefix(".").removeprefix("[").removesuffix("]")
    if text != "*" and not (is_address(bare) and "/" not in bare) and not HOST.fullmatch(bare):
        raise ValueError("names of hosts with commas, without http:// and without ports")
    return text


def check_proxy(text: str) -> str:
    if text != "*" and not is_address(text):
        raise ValueError("IP addresses or networks of them with commas, such as 10.0.0.2,172.31.0.0/16")
    return text


def check_site(text: str) -> str:
    """Check a website's URL of only scheme, host and optional port."""
    parts = split(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError("https://NAME or http://NAME, perhaps with a port")
    return text.rstrip("/")


def check_server(text: str) -> str:
    """Check a website's URL, which may have a path."""
    parts = split(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("an address that begins with https:// or http://")
    return text.rstrip("/")


def check_database(text: str) -> str:
    import dj_database_url

    try:
        assert split(text).scheme in DATABASES
        dj_database_url.parse(text)
    except (AssertionError, ValueError, KeyError):
        raise ValueError(
            "postgres://USER:PASSWORD@HOST:5432/NAME, with special characters of the password as %XX, "
            "or be left out for SQLite in the data folder"
        ) from None
    return text


def check_redis(text: str) -> str:
    parts = split(text)
    if parts.scheme not in REDIS or not (parts.netloc or parts.path):
        raise ValueError("redis://:PASSWORD@HOST:6379/0, or be left out for a private Redis")
    return text


def check_storage(text: str) -> str:
    parts = split(text)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError("s3://BUCKET or s3://BUCKET/PREFIX, or be left out for a folder")
    return text


def check_mail(text: str) -> str:
    read_mail(text)
    return text


def check_limits(text: str) -> str:
    read_limits(text)
    return text


def check_quotas(text: str) -> str:
    read_quotas(text)
    return text


def check_agents(text: str) -> str:
    try:
        told = json.loads(text)
        if all(isinstance(one, str) or isinstance(one["class"], str) for one in told.values()):
            return text
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise ValueError(AGENTS)


def check_user_name(text: str) -> str:
    if not re.fullmatch(r"[\w.@+-]{1,150}", text):
        raise ValueError("a name of at most 150 letters, digits and @.+-_")
    return text


def check_cluster(text: str) -> str:
    if not re.fullmatch(r"[\w.:/\[\]-]+", text):
        raise ValueError("HOST:PORT of a Ray cluster")
    return text


def check_path(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a path without line breaks and other characters that cannot be printed")
    return text


def split_command(text: Any) -> Any:
    try:
        return shlex.split(text) if isinstance(text, str) else text
    except ValueError:
        raise ValueError("a command line as in a shell, with every quote closed") from None


def split_commas(text: Any) -> Any:
    return [word for word in map(str.strip, text.split(",")) if word] if isinstance(text, str) else text


def split_spaces(text: Any) -> Any:
    return text.split() if isinstance(text, str) else text


def split(text: str) -> Any:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


Host = Annotated[str, AfterValidator(check_host)]
Site = Annotated[str, AfterValidator(check_site)]
Server = Annotated[str, AfterValidator(check_server)]
UserName = Annotated[str, AfterValidator(check_user_name)]
DatabaseAddress = Annotated[str, AfterValidator(check_database)]
RedisAddress = Annotated[str, AfterValidator(check_redis)]
StorageAddress = Annotated[str, AfterValidator(check_storage)]
MailAddress = Annotated[str, AfterValidator(check_mail)]
Limits = Annotated[str, AfterValidator(check_limits)]
Quotas = Annotated[str, AfterValidator(check_quotas)]
AgentClasses = Annotated[str, AfterValidator(check_agents)]
ClusterAddress = Annotated[str, AfterValidator(check_cluster)]
PathText = Annotated[str, AfterValidator(check_path)]
Command = Annotated[list[str], NoDecode, BeforeValidator(split_command)]
Words = Annotated[list[str], NoDecode, BeforeValidator(split_commas)]
SiteNames = Annotated[list[Annotated[str, AfterValidator(check_site_name)]], NoDecode, BeforeValidator(split_commas)]
Sites = Annotated[list[Site], NoDecode, BeforeValidator(split_commas)]
SitesBySpace = Annotated[list[Site], NoDecode, BeforeValidator(split_spaces)]
Proxies = Annotated[list[Annotated[str, AfterValidator(check_proxy)]], NoDecode, BeforeValidator(split_commas)]
