"""What the check of notebooks, which pre-commit and the tests use, must not let through."""

import json

import check_notebooks
import pytest


def cell(count, *outputs, source="1 + 1"):
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {},
        "source": source,
        "outputs": outputs,
    }


def stream(name, text):
    return {"output_type": "stream", "name": name, "text": [text]}


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}


def notebook(folder, *cells, kernel="python3"):
    path = folder / "a.ipynb"
    text = {"cell_type": "markdown", "metadata": {}, "source": "# A title"}
    path.write_text(
        json.dumps({"cells": [text, *cells], "metadata": {"kernelspec": {"name": kernel}}, "nbformat": 4})
    )
    return path


def test_a_notebook_run_from_top_to_bottom_passes(tmp_path, capsys):
    path = notebook(tmp_path, cell(1, stream("stdout", "2\n")), cell(2))
    assert check_notebooks.main([str(path)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ([cell(2), cell(1)], "executed as [2, 1]"),
        ([cell(1), cell(3)], "executed as [1, 3]"),
        ([cell(1), cell(None)], "executed as [1, None]"),
        ([cell(1), cell(2, ERROR)], "cell 2 ended in an error, ValueError"),
        ([cell(1, stream("stderr", "WARNING"))], "cell 1 wrote to stderr"),
        ([cell(1, *[stream("stdout", "\r10 %")] * 2)], "cell 1 left a progress bar"),
        ([cell(1, stream("stdout", "saved in /home/me/runs"))], "/home/"),
        ([cell(1, stream("stdout", "x" * 2_000_000))], "bytes"),
    ],
)
def test_each_fault_is_named_with_its_notebook(tmp_path, capsys, cells, fault):
    path = notebook(tmp_path, *cells)
    assert check_notebooks.main([str(path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: ")
    assert fault in said
    assert said.count("\n") == 1


def test_a_kernel_of_one_machine_is_named(tmp_path):
    assert "my-env" in next(check_notebooks.faults(notebook(tmp_path, cell(1), kernel="my-env")))
