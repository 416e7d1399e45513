"""Each alarm sounds when it should, is silent before, and says so in words: Prometheus' own tool plays it."""

from pathlib import Path

import yaml

from tests.kit.prometheus import FILES, needs_prometheus, promtool
from tests.shape.test_dashboard import ALERTS

PLAYED = Path(__file__).with_name("alerts_sound.yaml")


@needs_prometheus
def test_promtool_takes_the_rules() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(FILES / "alerts.yaml"))


@needs_prometheus
def test_each_alarm_sounds_as_it_is_played() -> None:
    promtool("test", "rules", str(PLAYED))


def test_every_alarm_is_played_and_is_once_silent() -> None:
    asked = [
        each
        for play in yaml.safe_load(PLAYED.read_text())["tests"]
        for each in play["alert_rule_test"]
    ]
    names = {rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]}
    assert {each["alertname"] for each in asked if each.get("exp_alerts")} == names
    assert {each["alertname"] for each in asked if not each.get("exp_alerts")} == names
