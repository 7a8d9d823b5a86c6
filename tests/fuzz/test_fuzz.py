"""Hundreds of damaged inputs through the program: a sentence or whole output, never a traceback."""

import shutil
from hashlib import sha256 as digest

import cases
import pytest

CASES = 300
APART = 3


@pytest.fixture(scope="module")
def valid(tmp_path_factory, tiny_export):
    folder = tmp_path_factory.mktemp("valid") / "inputs"
    return folder, cases.prepare(folder, tiny_export / "generator")


@pytest.mark.filterwarnings("ignore")
def test_damaged_input_gets_a_sentence_or_whole_output(valid, tmp_path):
    valid, usual = valid
    problems, statuses, before = [], [], _content(valid)
    for number in range(CASES):
        folder = tmp_path / str(number)
        folder.mkdir()
        case = cases.make(number, valid, folder)
        result = cases.run(case, usual)
        shutil.rmtree(folder)
        statuses.append(result.status)
        if result.problem:
            problems.append(f"{case.name}: {' '.join(case.arguments)}\n{result.problem}")
    assert not problems, "\n\n".join(problems)
    # Cases have links to these files: nothing was written into what was there.
    assert _content(valid) == before
    # Else nothing was damaged, or everything was refused for another reason.
    assert statuses.count(0) > CASES / 20
    assert statuses.count(2) > CASES / 4


def _content(folder):
    return {path: digest(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_the_same_in_processes_of_their_own(valid, tmp_path):
    valid, usual = valid
    for number in range(10_000, 10_000 + APART):
        folder = tmp_path / str(number)
        folder.mkdir()
        case = cases.make(number, valid, folder)
        result = cases.run(case, usual, apart=True)
        assert not result.problem, (case.name, case.arguments)
