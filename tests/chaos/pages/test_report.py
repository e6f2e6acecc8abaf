"""What people are told of a run."""

from collections import Counter

from chaos.pages.check import Tally
from chaos.pages.report import report
from chaos.pages.run import Result
from chaos.wrong import Wrong


def test_a_report_says_how_old_was_what_came_twice_and_how_to_run_it_again() -> None:
    tally = Tally(heard=7, doubled=Counter({"a kill": 2}), ages=[0.02, 0.01])
    result = Result(Counter({"a kill": 2}), {"a kill": [1.0, 3.0]}, tally, logged=5)

    said = report(result, "--seed 1")

    assert "5 messages, 7 of them heard by pages" in said
    assert "2 heard twice, 1.0 each time" in said
    assert "all less than 20 ms" in said
    assert said.endswith("Wrong: nothing")

    result.wrong.append(Wrong("missing", "3", "p on news"))
    assert "missing: 3 (p on news)" in report(result, "--seed 1")
    assert report(result, "--seed 1").endswith("Again: python -m chaos.pages --seed 1")
