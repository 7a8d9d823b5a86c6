"""The repository's address, which no file here states: it is taken from GITHUB_REPOSITORY, set by GitHub.

    GITHUB_REPOSITORY=owner/name python tools/repository_address.py

writes it where people need it: into the README (test badge, clone command), the notebooks ("Open in Colab"
badge, form field of the install cell) and CITATION.cff. A second run changes nothing, and a run after the
repository was renamed replaces the old address. A workflow does this on GitHub; setup.py takes the package's
URLs from here.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BRANCH = "main"


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub.

    Attributes:
        slug: `owner/name`.
        ref: The commit or tag that permanent links point to.
    """

    slug: str
    ref: str = BRANCH

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Repository | None":
        """The repository whose workflow is running, or None outside of one."""
        slug = environ.get("GITHUB_REPOSITORY")
        if not slug:
            return None
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", slug):
            raise ValueError(f"GITHUB_REPOSITORY should be owner/name, not {slug!r}.")
        tag = environ.get("GITHUB_REF_NAME") if environ.get("GITHUB_REF_TYPE") == "tag" else None
        return cls(slug, tag or environ.get("GITHUB_SHA") or BRANCH)

    @property
    def url(self) -> str:
        """The page of the repository, which `git clone` takes as well."""
        return f"https://github.com/{self.slug}"

    @property
    def urls(self) -> dict[str, str]:
        """The URLs of the package's metadata, by their label."""
        return {
            "Homepage": self.url,
            "Source": self.url,
            "Issues": f"{self.url}/issues",
            "Changelog": f"{self.url}/blob/{BRANCH}/CHANGELOG.md",
        }

    def page(self, path: str) -> str:
        """The page that shows a file or folder."""
        return f"{self.url}/blob/{self.ref}/{path}"

    def raw(self, path: str) -> str:
        """The file itself, as the source of a picture has to be."""
        return f"https://raw.githubusercontent.com/{self.slug}/{self.ref}/{path}"


def in_readme(text: str, repository: Repository) -> str:
    """The README with the badge of the tests below its title, and with a clone command that can be copied."""
    workflow = f"{repository.url}/actions/workflows/test.yml"
    text = _with_badge(text, "Tests", f"{workflow}/badge.svg", workflow)
    command = f"git clone --depth 1 {repository.url} image_generating"
    return _replace_one(r"^git clone --depth 1 \S+ image_generating\b.*$", command, text, "clone command")


def in_citation(text: str, repository: Repository) -> str:
    """CITATION.cff with the repository as the place of the code."""
    text = re.sub(r"^repository-code:.*\n", "", text, flags=re.MULTILINE)
    line = f'repository-code: "{repository.url}"'
    return _replace_one(r"^license: .*$", rf"\g<0>\n{line}", text, "line of the license")


def in_notebook(text: str, repository: Repository, path: str) -> str:
    """A notebook with an "Open in Colab" badge below its title and the address in its form field."""
    content = json.loads(text)
    colab = "https://colab.research.google.com"
    link = f"{colab}/github/{repository.slug}/blob/{BRANCH}/{path}"
    title = content["cells"][0]
    _set_source(title, _with_badge(_source(title), "Open in Colab", f"{colab}/assets/colab-badge.svg", link))
    install = [cell for cell in content["cells"] if _is_install(cell)]
    if len(install) != 1:
        raise ValueError(f"there are {len(install)} cells with the id or tag install, not one.")
    field = r"^(\s*REPOSITORY *= *)([\"']).*?\2(?=\s*# @param)"
    source = _replace_one(field, rf"\g<1>\g<2>{repository.url}\g<2>", _source(install[0]), "form field")
    _set_source(install[0], source)
    # As Jupyter writes it, so that nothing else changes.
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write(root: Path, repository: Repository) -> list[Path]:
    """Writes the address into all files that need it.

    Args:
        root: The repository's root folder.
        repository: The repository.

    Returns:
        The files that changed. If one cannot be changed as it should, an error names it and none is written.
    """
    old, new = {}, {}
    for path in [root / "README.md", root / "CITATION.cff", *sorted((root / "notebooks").glob("*.ipynb"))]:
        old[path] = path.read_text(encoding="utf-8")
        try:
            if path.suffix == ".ipynb":
                new[path] = in_notebook(old[path], repository, path.relative_to(root).as_posix())
            else:
                new[path] = (in_readme if path.suffix == ".md" else in_citation)(old[path], repository)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
    changed = [path for path in new if new[path] != old[path]]
    for path in changed:
        path.write_text(new[path], encoding="utf-8")
    return changed


def _with_badge(text: str, label: str, picture: str, link: str) -> str:
    """Markdown with one badge of this label below the title, in place of an earlier one."""
    earlier = rf"\A(# .+\n\n)(?:\[!\[{label}\]\(.*\n\n)?"
    return _replace_one(earlier, rf"\g<1>[![{label}]({picture})]({link})\n\n", text, "title")


def _replace_one(pattern: str, replacement: str, text: str, what: str) -> str:
    """Replaces the only match; an error says what is missing or there more than once."""
    text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"there should be one {what} where the address goes, and there are {count}.")
    return text


def _is_install(cell: dict) -> bool:
    return cell.get("id") == "install" or "install" in cell["metadata"].get("tags", [])


def _source(cell: dict) -> str:
    return "".join(cell["source"])


def _set_source(cell: dict, text: str) -> None:
    cell["source"] = text.splitlines(keepends=True)


def main(root: Path, environ: Mapping[str, str]) -> int:
    """Writes the address and prints the files that changed; returns the exit status."""
    try:
        repository = Repository.from_environment(environ)
        if repository is None:
            raise ValueError("set GITHUB_REPOSITORY to owner/name.")
        changed = write(root, repository)
    except ValueError as error:
        print(f"repository_address: {error}", file=sys.stderr)
        return 2
    print(*[path.relative_to(root) for path in changed] or ["Every file has this address already."], sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1], os.environ))
