"""The metadata that pyproject.toml cannot state: what depends on the repository's address."""

import email
import os
import sys
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent

if (ROOT / "PKG-INFO").is_file():
    # This is an sdist: it keeps the address that it was made with, wherever a wheel is built from it.
    metadata = email.message_from_bytes((ROOT / "PKG-INFO").read_bytes())
    urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []))
    readme = metadata.get_payload(decode=True).decode("utf-8").lstrip("\n")
else:
    sys.path.insert(0, str(ROOT / "tools"))
    from package_readme import package_readme
    from repository_address import Repository, in_readme

    repository = Repository.from_environment(os.environ)
    urls = repository.urls if repository else {}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if repository:
        readme = in_readme(readme, repository)
    readme = package_readme(readme, ROOT, repository)

setup(long_description=readme, long_description_content_type="text/markdown", project_urls=urls)
