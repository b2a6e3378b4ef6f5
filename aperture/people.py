"""The seeded people a developer speaks as, with tokens that are good."""

import http.client
import json
from typing import Any

from aperture.site import HOST, Site

_WHO = "query Who { viewer { id } }"
_LOG_IN = "mutation LogIn($input: LogInInput!) { logIn(input: $input) { tokens { accessToken } } }"


def refresh(site: Site) -> list[dict[str, str]]:
    """Everybody in the people file; who has a token that is no good (of another port, or old) is logged in again."""
    people = json.loads(site.people_file.read_text())
    stale = [person for person in people if not _is_good(site, person["token"])]
    for person in stale:
        person["token"] = _log_in(site, person["handle"], person["password"]) or person["token"]
    if stale:
        site.people_file.write_text(json.dumps(people, indent=2))
    return list(people)


def _is_good(site: Site, token: str) -> bool:
    data = _ask(site, {"query": _WHO}, token=token).get("data")
    return data is not None and data["viewer"] is not None


def _log_in(site: Site, handle: str, password: str) -> str | None:
    """A token, or None when it is refused: after too many starts in a row, or with another password meanwhile."""
    variables = {"input": {"identifier": handle, "password": password}}
    tokens = _ask(site, {"query": _LOG_IN, "variables": variables})["data"]["logIn"]["tokens"]
    return None if tokens is None else str(tokens["accessToken"])


def _ask(site: Site, request: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"content-type": "application/json", "accept": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(HOST, site.port, timeout=10)
    try:
        connection.request("POST", "/graphql", json.dumps(request), headers)
        return dict(json.load(connection.getresponse()))
    finally:
        connection.close()
