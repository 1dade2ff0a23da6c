"""Whether an image reference leads anywhere, asked of its registry by the OCI distribution protocol."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

from inkling.components.shared.runtime.progress import note

_SECONDS = 5.0
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_LOCAL = ("localhost", "127.0.0.1")


def resolve(image: str) -> str | None:
    """Asks the registry for an image's manifest.

    A registry that wants credentials, or cannot be reached from a pod, leaves the question to the kubelet; that is
    noted and is no problem. The same holds for an image without a registry, which must lie on the node.

    Args:
        image: Reference with a tag or a digest.

    Returns:
        What is wrong; None if the image was found or could not be asked for.
    """
    registry, slash, rest = image.partition("/")
    if not slash or not re.search(r"[.:]|^localhost$", registry):
        note(f"image {image} names no registry: it must lie on the nodes")
        return None
    name, separator, reference = rest.partition("@") if "@" in rest else rest.partition(":")
    scheme = "http" if registry.partition(":")[0] in _LOCAL else "https"
    url = f"{scheme}://{registry}/v2/{name.partition(':')[0]}/manifests/{reference if separator else 'latest'}"
    status, challenge = _head(url, {})
    if status == 401 and (token := _token(challenge)):
        status, _ = _head(url, {"Authorization": f"Bearer {token}"})
    if status == 404:
        return f"image {image} does not exist: its registry has no such tag or digest"
    if status != 200:
        note(f"image {image} was not checked: the registry answered {status or 'nothing'}")
    return None


def _head(url: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status of a HEAD request (0 without an answer), and what the registry asks for before it answers."""
    request = urllib.request.Request(url, headers={"Accept": _ACCEPT, **headers}, method="HEAD")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            return response.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("WWW-Authenticate", "")
    except (OSError, ValueError):
        return 0, ""


def _token(challenge: str) -> str | None:
    """An anonymous token from where the registry's challenge says."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = asked.pop("realm", "")
    if not realm.startswith(("https://", *(f"http://{host}" for host in _LOCAL))):
        return None
    try:
        with urllib.request.urlopen(f"{realm}?{urllib.parse.urlencode(asked)}", timeout=_SECONDS) as response:  # noqa: S310
            answer = json.load(response)
    except (OSError, ValueError):
        return None
    return str(answer.get("token") or answer.get("access_token") or "") or None
