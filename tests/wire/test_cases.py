"""CASES.md names a test for each case, and each test that says which case it is about stands there; and it names
tests for the habits of clients."""
import pathlib
import re

import pytest

WIRE = pathlib.Path(__file__).resolve().parent
TESTS = WIRE.parent
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.M)
LAST = 83


def listed():
    """{number: [test...]}"""
    return {int(n): re.findall(r"`([^`]+)`", tests) for n, _, tests in ROW.findall((WIRE / "CASES.md").read_text())}


def says(source, function):
    """The numbers of the cases that this test of ${source} is about."""
    marks = re.search(r"((?:^@.*\n(?:^[ )].*\n)*)*)^(?:async )?def %s\(" % function, source, re.M)
    assert marks, f"there is no {function}"
    numbers = {int(n) for n in re.findall(r"test_row(\d+)", function)}
    for given in re.findall(r"@pytest\.mark\.case\(([^)]*)\)", marks[1]):
        numbers |= {int(n) for n in given.split(",")}
    return numbers


def found():
    """{number: {test...}}, from the tests themselves."""
    tests = {}
    for path in WIRE.glob("row*.wire"):
        tests.setdefault(int(path.stem[3:5]), set()).add(path.stem)
    for path in sorted((TESTS / "integration").glob("test_*.py")) + sorted((TESTS / "clients").glob("test_*.py")):
        source = path.read_text()
        for function in re.findall(r"^(?:async )?def (test_\w+)", source, re.M):
            for number in says(source, function):
                tests.setdefault(number, set()).add(f"{path.name}::{function}")
    for path in (TESTS / "unit").glob("test_*.c"):
        for number, function in re.findall(r"^static void (?=\w*row(\d+))(\w+)\(void \*\*", path.read_text(), re.M):
            tests.setdefault(int(number), set()).add(f"{path.name}::{function}")
    return tests


def test_every_case_is_there_once():
    numbers = [int(n) for n, _, _ in ROW.findall((WIRE / "CASES.md").read_text())]
    assert numbers == list(range(1, LAST + 1))


@pytest.mark.parametrize("number", range(1, LAST + 1))
def test_a_case_has_its_tests(number):
    exist, names = found().get(number, set()), listed().get(number, [])
    assert names, "no test is named"
    for name in names:
        pattern = re.compile(re.escape(name).replace(r"\*", ".*"))
        assert any(pattern.fullmatch(test) for test in exist), f"no test {name} says that it is about this case"
    left = [t for t in exist if not any(re.fullmatch(re.escape(n).replace(r"\*", ".*"), t) for n in names)]
    assert not left, "not in CASES.md"


def exists(name):
    path, _, function = name.partition("::")
    if not function:
        return any(WIRE.glob(f"{name}.wire"))
    return any(f"def {function}(" in found.read_text() for found in TESTS.glob(f"*/{path}"))


def test_habits_have_tests():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", (WIRE / "CASES.md").read_text(), re.M)
    named = [name for habit, tests in rows if habit != "habit" for name in re.findall(r"`([^`]+)`", tests)]
    assert named and [name for name in named if not exists(name)] == []
    assert {p.stem for p in WIRE.glob("habit_*.wire")} <= set(named), "not in CASES.md"
