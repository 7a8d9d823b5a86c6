"""Check that notebooks are committed as one run from top to bottom left them.

    python tools/check_notebooks.py notebooks/*.ipynb

prints each fault in a sentence and exits with 1 if there is one. pre-commit and the tests use it.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_MACHINE_PATH = re.compile(r"/(tmp|home|root|work|Users)/")
_MAX_BYTES = 2_000_000


def faults(path: Path) -> Iterator[str]:
    """Yields a sentence for each reason why a notebook should not be committed as it is."""
    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        yield f"its cells were executed as {counts}, not once each from top to bottom."
    for cell in cells:
        outputs, name = cell["outputs"], f"cell {cell['execution_count']}"
        for output in outputs:
            if output["output_type"] == "error":
                yield f"{name} ended in an error, {output['ename']}."
        if any(output.get("name") == "stderr" for output in outputs):
            yield f"{name} wrote to stderr."
        # A progress bar that nobody coalesced is thousands of lines.
        if any("\r" in "".join(output.get("text", "")) for output in outputs):
            yield f"{name} left a progress bar behind; nbconvert --coalesce-streams keeps its last state."
    if found := _MACHINE_PATH.search(text):
        yield f"it holds a path of one machine, {found[0]}…"
    if (kernel := content["metadata"]["kernelspec"]["name"]) != "python3":
        yield f"its kernel is {kernel}, which other machines do not have; it should be python3."
    if (size := path.stat().st_size) >= _MAX_BYTES:
        yield f"it has {size} bytes; {_MAX_BYTES} are the most."


def main(paths: list[str]) -> int:
    """Prints the faults of all notebooks; returns the exit status."""
    found = [f"{path}: {fault}" for path in paths for fault in faults(Path(path))]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
