"""Draws up an image's software bill of materials: `python bill_of_materials.py NAME`, in the build, on standard output.

A CycloneDX document of the Python packages in /opt/inkling and what each needs, the Debian packages, and the
interpreter. It does not cover what wheels carry inside themselves, such as shared libraries, nor what a Debian package
needs or its licence. The same packages give the same bytes.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ENVIRONMENT = "/opt/inkling/bin/python"
VERSION = SchemaVersion.V1_6


def python_packages() -> dict[str, Any]:
    """The bill of the Python packages alone, of which Inkling itself is one."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    bill = subprocess.run(
        [*command, "--spec-version", VERSION.to_version(), ENVIRONMENT], check=True, capture_output=True
    )
    return json.loads(bill.stdout)


def debian_packages() -> Iterator[dict[str, Any]]:
    """A component for each Debian package that is installed."""
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version} ${Architecture}\n"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    for status, name, version, architecture in map(str.split, listed.stdout.splitlines()):
        if status == "installed":
            yield component("deb", "debian", name, version, {"arch": architecture})


def component(kind: str, namespace: str | None, name: str, version: str, qualifiers: dict[str, str]) -> dict[str, Any]:
    """A component that its package URL tells from all others."""
    url = PackageURL(kind, namespace, name, version, qualifiers).to_string()
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}


def main(image: str) -> None:
    """Prints the bill of the image that this runs in.

    Raises:
        ValueError: If what came out is no valid CycloneDX document.
    """
    bill = python_packages()
    bill["components"] += [component("generic", None, "python", platform.python_version(), {}), *debian_packages()]
    bill["metadata"]["component"] = {"type": "container", "bom-ref": image, "name": f"inkling/{image}"}
    text = json.dumps(bill, indent=1, sort_keys=True)
    if fault := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"the bill of {image} is not valid: {fault}")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1])
