"""Mirrors: what a user has told pip about package indexes, certificates and proxies, told to uv as well.

This room turns pip's settings into variables for uv. It holds no address of its own: where packages come from is the
user's or the tool's business.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX")
_QUIET = {
    "NO_COLOR": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_USER": "0",
    "PYTHONUNBUFFERED": "1",
}


def tool_environment(pip: Sequence[str] | None, *, only_default_index: bool = False) -> dict[str, str]:
    """Return the environment for uv and pip; ``pip`` is the command of a pip to ask for its settings, if there is one."""
    listing = ""
    if pip:
        asked = subprocess.run([*pip, "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        listing = asked.stdout.decode("utf-8", "replace").replace("\r", "")
    return {**os.environ, **_QUIET, **uv_settings(pip_settings(listing), os.environ, only_default_index)}


def pip_settings(listing: str) -> dict[str, str]:
    """Read pip's settings from the text of ``pip config list``; its variables (:env:) stand above its files."""
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for key, value in re.findall(rf"^{section}\.([\w-]+)=(.+)$", listing, re.MULTILINE):
            with suppress(SyntaxError, ValueError):
                settings[key.lower().replace("_", "-")] = ast.literal_eval(value)
    return {key: value for key, value in settings.items() if value}


def exists_here(place: str) -> bool:
    """Return False only for a folder on this machine that does not exist: pip skips those, uv may stop at them."""
    if place.startswith("file:"):
        from urllib.request import url2pathname  # slow to import, and needed only here

        place = url2pathname(place.removeprefix("file:"))
    return "://" in place or Path(place).expanduser().exists()


def uv_settings(pip: Mapping[str, str], environ: Mapping[str, str], only_default: bool = False) -> dict[str, str]:
    """Return the variables that tell uv what pip has been told; whatever users have set for uv themselves stays."""
    new = {"UV_SYSTEM_CERTS": "1"}  # without it uv ignores the certificates of the company or school
    if not any(environ.get(name) for name in _INDEX_VARIABLES):
        new["UV_DEFAULT_INDEX"] = pip.get("index-url", "")
        if not only_default:
            new["UV_INDEX"] = " ".join(filter(exists_here, pip.get("extra-index-url", "").split()))
            new["UV_FIND_LINKS"] = ",".join(filter(exists_here, pip.get("find-links", "").split()))
            new["UV_NO_INDEX"] = "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else ""
    # uv would take the first index that has the name at all; pip looks in all. Hashes make the choice safe.
    new["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    new["UV_INSECURE_HOST"] = " ".join(pip.get("trusted-host", "").split())
    new["UV_HTTP_TIMEOUT"] = pip.get("timeout", "") or pip.get("default-timeout", "")
    new["SSL_CERT_FILE"] = pip["cert"] if os.path.isfile(pip.get("cert", "")) else ""
    new["ALL_PROXY"] = "" if environ.get("HTTPS_PROXY") or environ.get("https_proxy") else pip.get("proxy", "")
    return {name: value for name, value in new.items() if value and not environ.get(name)}
