"""Executes the notebooks in place, from top to bottom, at their full size."""

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def main() -> None:
    """Executes the notebooks that are named; default: all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
    for name in parser.parse_args().names:
        path = NOTEBOOKS / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        # A progress bar is then one line, as a reader saw it last.
        client = NotebookClient(notebook, timeout=None, coalesce_streams=True, record_timing=False)
        client.execute(cwd=str(NOTEBOOKS))
        nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main()
