"""docs/prometheus and docs/grafana: what they name exists, and `promtool` takes it.

tests/integration/test_prometheus.py loads all of it into a Prometheus that reads real processes.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.metrics.families import FAMILIES, PREFIX, Kind
from tests.support.processes import ROOT

FOLDER = ROOT / "docs" / "prometheus"
CASES = ROOT / "tests" / "prometheus" / "alerts_test.yml"
DASHBOARD: Any = json.loads((ROOT / "docs/grafana/message-center.json").read_text("utf-8"))
PANELS = [each for each in DASHBOARD["panels"] if each["type"] != "row"]
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
SUFFIXES = {Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}
SERIES = {
    f"{PREFIX}{each.name}{suffix}": each.name
    for each in FAMILIES
    for suffix in SUFFIXES.get(each.kind, ("",))
}
needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool") and "CI" not in os.environ, reason="there is no promtool"
)


def series_in(text: str) -> set[str]:
    return set(re.findall(rf"{PREFIX}\w+", text))


def labels_in(text: str) -> set[tuple[str, str]]:
    """Each series with a label that it is selected or grouped by."""
    selected = re.findall(rf"({PREFIX}\w+)\{{([^}}]*)\}}", text)
    return {
        (series, label)
        for series, selectors in selected
        for label in re.findall(r"(\w+)(?:=~|!=|=)", selectors)
    }


def promtool(*words: str | Path) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expressions() -> list[str]:
    return [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize("expression", [*expressions(), *(rule["expr"] for rule in RULES)])
def test_what_is_asked_for_exists(expression: str) -> None:
    labels = {each.name: each.label for each in FAMILIES}

    assert series_in(expression) <= set(SERIES)
    for series, label in labels_in(expression):
        assert label in {"instance", labels[SERIES[series]]}


def test_every_number_has_a_panel() -> None:
    shown = {SERIES[each] for expression in expressions() for each in series_in(expression)}

    assert shown == {each.name for each in FAMILIES}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_and_in_what(panel: Any) -> None:
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"


def test_no_panel_lies_on_another() -> None:
    places = [
        (at["x"] + right, at["y"] + down)
        for at in (each["gridPos"] for each in DASHBOARD["panels"])
        for right in range(at["w"])
        for down in range(at["h"])
    ]
    ids = [each["id"] for each in DASHBOARD["panels"]]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do_and_has_a_case(rule: Any) -> None:
    cases = [
        case
        for test in yaml.safe_load(CASES.read_text("utf-8"))["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == rule["alert"]
    ]

    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert any(case["exp_alerts"] for case in cases)


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", FOLDER / "alerts.yml")


@needs_promtool
def test_promtool_takes_the_configuration(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "metrics.token").write_text("a-token-of-prometheus")

    promtool("check", "config", tmp_path / "prometheus.yml")


@needs_promtool
def test_each_alert_fires_when_it_must_and_at_no_other_time(tmp_path: Path) -> None:
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    for rule in rules["groups"][0]["rules"]:
        del rule["annotations"]  # A case would have to repeat them.
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules))
    shutil.copy(CASES, tmp_path)

    promtool("test", "rules", tmp_path / CASES.name)
