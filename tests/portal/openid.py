"""A portal with an OpenID Connect provider, and a user who signs in with it: ``python -m tests.portal.openid``.

The provider is a real, minimal one on a port of this machine. A process reads its environment variables only once, so
this runs in a process of its own.
"""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PERSON = {"sub": "7", "preferred_username": "carol", "email": "carol@university.example", "email_verified": True}


class Provider(BaseHTTPRequestHandler):
    """The provider's configuration, token, key, and the user who is signed in there."""

    def do_GET(self) -> None:
        place = f"http://{self.headers['Host']}"
        paths = {"authorization_endpoint": "enter", "token_endpoint": "token", "userinfo_endpoint": "person"}
        found = {name: f"{place}/{path}" for name, path in paths.items()}
        self.answer(
            PERSON
            if self.path == "/person"
            else found | {"issuer": place, "jwks_uri": f"{place}/keys"}
            if "well-known" in self.path
            else {"keys": [jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "1"}]}
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert b"code=good" in body
        claims = PERSON | {"iss": f"http://{self.headers['Host']}", "aud": "arena", "exp": time.time() + 60}
        token = jwt.encode(claims | {"iat": time.time()}, KEY, algorithm="RS256", headers={"kid": "1"})
        self.answer({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": token})

    def answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}"
    os.environ.update(
        ARENA_OIDC_SERVER=place,
        ARENA_OIDC_ID="arena",
        ARENA_OIDC_SECRET="secret",
        ARENA_OIDC_NAME="University",
        DJANGO_SETTINGS_MODULE="tests.settings",
    )
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment

    connection.settings_dict["TEST"]["MIGRATE"] = False  # Tables as they are now: a second instead of five.
    setup_test_environment()
    setup_databases(0, False)
    steps = walk(place)
    print(json.dumps(steps))
    server.shutdown()


def walk(place: str) -> dict[str, object]:
    """Sign up and in by the provider; return what was seen on the way."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    browser = Client()
    page = browser.get("/sign-in/")
    steps: dict[str, object] = {
        "offers": "Sign in with University" in page.content.decode(),
        "policy": place in page["Content-Security-Policy"],
    }
    form = enter(browser)["Location"]
    steps["asks for a name"] = form
    steps["refuses a bad name"] = browser.post(form, {"username": "\u200b"}).status_code
    steps["enters"] = browser.post(form, {"username": "carol"})["Location"]
    steps["user"] = list(User.objects.values_list("username", "email"))
    again = Client()
    steps["enters again"] = enter(again)["Location"]
    steps["knows"] = "carol" in again.get("/account/connections/").content.decode()
    settings.ARENA_SIGN_UP = "closed"
    PERSON.update(sub="8", email="dave@university.example")
    steps["closed"] = "takes no new accounts" in enter(Client()).content.decode(), User.objects.count()
    return steps


def enter(browser: Any) -> Any:
    """Go to the provider and come back; return the portal's answer."""
    out = browser.post("/sign-in/with/oidc/?process=login")["Location"]
    asked = parse_qs(urlsplit(out).query)
    back = urlsplit(asked["redirect_uri"][0]).path
    answer = {"code": "good", "state": asked["state"][0]}
    return browser.get(f"{back}?{urlencode(answer)}")


if __name__ == "__main__":
    main()
