"""The README as the package's description, which is read far from the files that it links to."""

import re
from pathlib import Path

from repository_address import Repository

# A fence and a span of code stay as they are; a link's text may hold pictures.
_LINK = re.compile(
    r"^```.*?^```"
    r"|`[^`\n]*`"
    r"|(?P<picture>!?)\[(?P<text>(?:!\[[^\]]*\]\([^)]*\)|[^\[\]])*)\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)",
    re.MULTILINE | re.DOTALL,
)
# Package indexes show no larger pictures, and GitHub delivers larger GIFs as downloads.
_MAX_PICTURE_BYTES = 5_000_000


def package_readme(text: str, root: Path, repository: Repository | None) -> str:
    """Makes a README's relative links absolute.

    Args:
        text: The README, in Markdown.
        root: The folder that its links start from.
        repository: Where these files are on GitHub. If this is None, links and pictures become their texts.

    Returns:
        The README with links to pages of the repository, and pictures from there. A picture that is too large
        to be shown becomes a link to its page.
    """

    def absolute(match: re.Match) -> str:
        target = match["target"]
        if target is None:
            return match[0]
        picture = match["picture"]
        label = match["text"] if picture else package_readme(match["text"], root, repository)
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            return f"{picture}[{label}]({target})"
        if repository is None:
            return label
        if target.startswith("#"):
            target = f"README.md{target}"
        if picture and (root / target).stat().st_size <= _MAX_PICTURE_BYTES:
            return f"![{label}]({repository.raw(target)})"
        return f"[{label}]({repository.page(target)})"

    return _LINK.sub(absolute, text)
