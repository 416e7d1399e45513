"""Every mistake in a partner file is told once, with its line and what to write instead."""

from pathlib import Path
from textwrap import dedent

import pytest

from hub.commands.try_partner import probe_command
from hub.directory import partner_files
from hub.directory.partner_files import Mistake, PartnersWrong, check, load
from hub.settings import Settings

GOOD = """\
partner: exemplar-police
title: Exemplar Police
role: police
agency: police-exemplar
authorities: [E08000035]
transport:
  kind: http
  token: {env: HUB_TOKEN_POLICE}
  push:
    url: https://ppu.police.example.org/hub
format:
  kind: hub-json
sends: [police.notification]
receives:
  - type: strategy.record
    for: information
order: case
connections: 2
window: 32
retry:
  first: PT5S
  longest: PT15M
"""


def write(directory: Path, name: str = "police", text: str = GOOD) -> Path:
    path = directory / f"{name}.yaml"
    path.write_text(text)
    return path


def only(directory: Path) -> tuple[int, str, str]:
    (mistake,) = check(directory)
    return mistake.line, mistake.what, mistake.write_instead


def test_a_right_file_is_loaded_as_it_says(tmp_path: Path) -> None:
    write(tmp_path)
    directory = load(tmp_path)
    police = directory["exemplar-police"]
    assert [each.partner for each in directory] == ["exemplar-police"]
    assert police.receives[0].purpose == "information"
    assert police.retry.longest.total_seconds() == 900
    assert check(tmp_path) == []


def test_the_examples_are_right() -> None:
    examples = Path("deploy/partners/examples")
    assert len(list(examples.glob("*.yaml"))) >= 6
    assert check(examples) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "instead"),
    [
        ("title: E", "titel: E", 2, "`titel` means nothing here", "`title`"),
        ("role: police", "role: polise", 3, "`role: polise` is not known", "`police`"),
        ("agency: police-exemplar", "agency: 0123", 4, "no text to YAML", 'agency: "0123"'),
        ("[E08000035]", "E08000035", 5, "must be a list", "authorities: [E08000035]"),
        ("kind: http", "kind: htpp", 7, "no transport `htpp`", "`http`"),
        ("  token: {", "  tokn: {", 8, "`tokn` means nothing here", "`token`"),
        ("{env: HUB_TOKEN_POLICE}", "s3cret", 8, "holds a secret in clear", "{env: NAME"),
        ("    url: https:", "    url: http:", 9, "does not fit together", "https://"),
        ("https://ppu", "https://a:b@ppu", 10, "holds a secret in clear", "{env: NAME"),
        ("kind: hub-json", "kind: hub-jsn", 12, "no format `hub-jsn`", "`hub-json`"),
        ("kind: hub-json", "kind: hl7v2\n  version: 2.4", 13, "no text to YAML", '"2.4"'),
        ("[police.notification]", "[police.notifcation]", 13, "no message", "`police.notif"),
        ("[police.notification]", "[edt.handover]", 13, "not for a partner with", "role: edt"),
        ("[police.notification]", "[content.opened]", 13, "not for a partner", "the hub keeps"),
        ("type: strategy.record", "type: strategy.recrd", 15, "no message type", "strategy.r"),
        ("for: information", "for: fun", 16, "`receives.0.for: fun` is not known", "action"),
        ("order: case", "order: partner", 18, "over 2 connections", "connections: 1"),
        ("window: 32", "window: 0", 19, "out of bounds", "at least 1"),
        ("window: 32", "window: 1", 19, "connections idle", "window: 2 or more"),
        ("first: PT5S", "first: soon", 21, "is no duration", "PT5M"),
        ("first: PT5S", "first: PT1H", 22, "shorter than `retry.first`", "at least as long"),
        ("window: 32", "window: 32\nwindow: 9", 20, "stands here twice", "it once"),
        ("window: 32", "window: 32\nno: 9", 20, "`no` is not a word to YAML", '"no":'),
        ("window: 32", "window: 32\nfiltered: true\nsends: []", 21, "twice", "it once"),
        ("retry:\n", "\tretry:\n", 20, "this is not YAML", "no tabs"),
        ("order: case", "order: &x case\nhours: *x", 18, "refers to another place", "written out"),
    ],
)
def test_a_mistake_names_its_line_and_cure(
    tmp_path: Path, old: str, new: str, line: int, what: str, instead: str
) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    write(tmp_path, text=text)
    found = [m for m in check(tmp_path) if m.line == line]
    assert [m for m in found if what in m.what and instead in m.write_instead], check(tmp_path)
    with pytest.raises(PartnersWrong):
        load(tmp_path)


def test_family_is_refused_what_never_goes_to_them(tmp_path: Path) -> None:
    family = GOOD.replace("role: police", "role: parent").replace(
        "sends: [police.notification]\n", ""
    )
    write(tmp_path, text=family.replace("  token: {env: HUB_TOKEN_POLICE}\n", ""))
    assert only(tmp_path) == (13, "`strategy.record` never goes to family", "no such line")


def test_what_is_missing_is_named_with_what_it_means(tmp_path: Path) -> None:
    write(tmp_path, text=GOOD.replace("agency: police-exemplar\n", ""))
    line, what, instead = only(tmp_path)
    assert (line, what) == (1, "`agency` is missing")
    assert instead.startswith("agency: …") and "ODS code" in instead


def test_every_mistake_of_every_file_comes_in_one_run(tmp_path: Path) -> None:
    broken = GOOD.replace("title", "titel").replace("kind: hub-json", "kind: morse")
    write(tmp_path, "a", broken.replace("role: police", "role: police\nwindow: many"))
    write(tmp_path, "b", "- just\n- a list\n")
    (tmp_path / "c.yml").write_text(GOOD)
    found = {(m.file.name, m.line) for m in check(tmp_path)}
    assert found >= {("a.yaml", 2), ("a.yaml", 20), ("b.yaml", 1), ("c.yml", 0)}


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    write(tmp_path, text=GOOD.replace("{env: HUB_TOKEN_POLICE}", "open-sesame"))
    assert "open-sesame" not in "".join(map(str, check(tmp_path)))
    assert len(check(tmp_path)) == 1


def test_two_files_cannot_have_one_name_or_one_port(tmp_path: Path) -> None:
    hospital = dedent(
        """\
        partner: {name}
        title: Hospital
        role: health
        agency: X26H1
        authorities: [E08000035]
        transport:
          kind: mllp
          listen:
            port: 2575
        format:
          kind: hl7v2
        sends: [health.attendance]
        filtered: true
        """
    )
    write(tmp_path, "a", hospital.format(name="exemplar-a"))
    write(tmp_path, "b", hospital.format(name="exemplar-b"))
    write(tmp_path, "c", hospital.format(name="exemplar-a").replace("2575", "0"))
    found = check(tmp_path)
    assert [(m.file.name, m.line) for m in found] == [("b.yaml", 9), ("c.yaml", 1)]
    assert "port 2575 is already taken by a.yaml" in found[0].what


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "instead"),
    [
        ("  push:\n    url: https://ppu.police.example.org/hub\n", "", 6, "no `push`", "`push:`"),
        ("  token: {env: HUB_TOKEN_POLICE}\n", "", 6, "no `token`", "`token:`"),
        ("sends: [police.notification]", "filtered: true", 13, "what a partner sends", "`sends`"),
        ("sends:", "no_number: keep_unmatched\nsends:", 13, "filtered feed", "filtered: true"),
    ],
)
def test_a_transport_must_carry_what_the_partner_says_and_gets(
    tmp_path: Path, old: str, new: str, line: int, what: str, instead: str
) -> None:
    write(tmp_path, text=GOOD.replace(old, new))
    found = only(tmp_path)
    assert found[0] == line and what in found[1] and instead in found[2]


def test_hours_are_those_of_the_calendars(tmp_path: Path) -> None:
    write(tmp_path, text=GOOD + "hours: alway\n")
    (mistake,) = check(tmp_path, Path("deploy/calendars"))
    assert (mistake.line, mistake.write_instead) == (23, "`always`")


def test_a_directory_without_calendars_is_told_once(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "second.yaml", GOOD.replace("exemplar-police", "second"))
    told = [str(one) for one in check(tmp_path, tmp_path / "elsewhere") if "hours" in one.what]
    assert len(told) == 1
    assert f"no calendar in {tmp_path / 'elsewhere'}" in told[0]
    assert "HUB_CALENDARS_DIR" in told[0]


@pytest.mark.parametrize(
    ("expects", "what", "instead"),
    [
        ("{every: PT4H, within: leeds-daytim}", "no hours `leeds-daytim`", "`leeds-daytime`"),
        ("{every: PT4H, within: leeds-edt}", "its hours are not counted", "leeds-daytime"),
        ("{every: PT0S}", "`expects.every` must be longer than nothing", "e.g. PT5M"),
        ("{every: daily}", "is no duration", "P14D (days)"),
        ("{evry: PT4H}", "`expects.evry` means nothing here", "`every`"),
        ("{within: always}", "`expects.every` is missing", "longest silence"),
        ("PT4H", "`expects: PT4H` must be words of its own", "every, within"),
    ],
)
def test_what_is_expected_is_told_with_its_cure(
    tmp_path: Path, expects: str, what: str, instead: str
) -> None:
    write(tmp_path, text=GOOD + f"expects: {expects}\n")
    found = check(tmp_path, Path("deploy/calendars"))
    assert [m.line for m in found if what in m.what and instead in m.write_instead] == [23], found


def test_what_is_expected_counts_the_hours_that_it_names(tmp_path: Path) -> None:
    write(tmp_path, text=GOOD + "expects: {every: PT4H, within: leeds-daytime}\n")
    found = load(tmp_path, Path("deploy/calendars"))["exemplar-police"].expects
    assert found is not None and found.words == "every 4 h within leeds-daytime"


def test_nothing_is_expected_of_who_sends_nothing(tmp_path: Path) -> None:
    text = GOOD.replace("sends: [police.notification]\n", "") + "expects: {every: PT4H}\n"
    write(tmp_path, text=text)
    _, what, instead = only(tmp_path)
    assert what == "`expects` is for what a partner sends" and "`sends`" in instead


def test_hl7_does_not_travel_by_the_inbox(tmp_path: Path) -> None:
    text = GOOD.replace("kind: hub-json", "kind: hl7v2").split("transport:")
    tail = text[1][text[1].index("format:") :]
    write(tmp_path, text=f"{text[0]}transport:\n  kind: inbox\n{tail}")
    line, what, instead = only(tmp_path)
    assert (line, what) == (7, "`hl7v2` does not travel by `inbox`")
    assert instead == "kind: mllp or folder or http"


def test_the_command_prints_what_an_editor_can_jump_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, text=GOOD.replace("window: 32", "window: 0"))
    assert partner_files.check_command(Settings(partners_dir=tmp_path)) == 1
    assert capsys.readouterr().out.startswith(f"{path}:19: ")
    write(tmp_path)
    assert partner_files.check_command(Settings(partners_dir=tmp_path)) == 0


def test_a_secret_that_is_not_there_is_said_and_is_no_mistake_of_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    settings = Settings(partners_dir=tmp_path)
    monkeypatch.delenv("HUB_TOKEN_POLICE", raising=False)
    assert partner_files.check_command(settings) == 0
    told = capsys.readouterr().err
    assert told.startswith(f"{path}: environment variable HUB_TOKEN_POLICE holds no secret")
    assert probe_command(settings, "exemplar-police") == 2
    assert "HUB_TOKEN_POLICE holds no secret" in capsys.readouterr().err
    monkeypatch.setenv("HUB_TOKEN_POLICE", "s3cret")
    assert partner_files.check_command(settings) == 0
    assert "HUB_TOKEN_POLICE" not in capsys.readouterr().err


def test_the_probe_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace("kind: http", "kind: outbox").replace("  push:\n    url", "#")
    write(tmp_path, text=text)
    settings = Settings(partners_dir=tmp_path)
    assert probe_command(settings, "exemplar-police") == 0
    assert "exemplar-police: held" in capsys.readouterr().out
    assert probe_command(settings, "exemplar-polise") == 1
    assert "write `exemplar-police`" in capsys.readouterr().err


def test_a_mistake_reads_as_one_line() -> None:
    mistake = Mistake(Path("a.yaml"), 3, "`x` is wrong", "`y`")
    assert str(mistake) == "a.yaml:3: `x` is wrong. Write `y`"


ALERTED = """\
partner: ops
title: Operations
role: operations
agency: council
authorities: ["383"]
transport: {kind: http, push: {url: "https://paging.example.org/"}}
format: {kind: hub-json}
receives:
  - {type: incident.opened, for: action}
alerts:
  after: PT1M
  kinds:
    - partner_down
    - stuck
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "instead"),
    [
        ("- stuck", "- stuk", 14, "no kind of incident `stuk`", "`stuck`"),
        ("- stuck", "- overdue", 14, "at the desk and by call sheets", "no such line"),
        ("PT1M", "-PT1M", 11, "after", ""),
        ("incident.opened", "incident.recovered", 10, "it receives none", "incident.opened"),
        ("role: operations", "role: police", 9, "not for a partner with", "role: operations"),
    ],
)
def test_who_is_told_of_incidents_says_of_which_in_words_we_know(
    tmp_path: Path, old: str, new: str, line: int, what: str, instead: str
) -> None:
    write(tmp_path, "ops", ALERTED)
    assert check(tmp_path) == []
    write(tmp_path, "ops", ALERTED.replace(old, new))
    told = only(tmp_path)
    assert told[0] == line
    assert what in told[1]
    assert instead in told[2]


@pytest.mark.parametrize(
    "way", ["listen: {host: 0.0.0.0, port: 2575", "send: {host: h, port: 2575"]
)
def test_mllp_leaves_this_machine_in_clear_only_over_a_private_link(
    tmp_path: Path, way: str
) -> None:
    text = GOOD.replace(
        GOOD[GOOD.index("  kind: http") : GOOD.index("format:")], "  kind: mllp\n  X\n"
    )
    text = text.replace("kind: hub-json", 'kind: hl7v2\n  version: "2.4"').replace(
        "sends: [", "# ["
    )
    text = text[: text.index("receives:")] + text[text.index("order:") :]
    write(tmp_path, text=text.replace("X", way + "}"))
    line, _, instead = only(tmp_path)
    assert line == 8 and "private_link: true" in instead and "tls:" in instead
    write(tmp_path, text=text.replace("X", way + ", private_link: true}"))
    assert check(tmp_path) == []


@pytest.mark.parametrize("written", ["[hushhush]", "[{env: A}, hushhush]", "whsec_aHVzaGh1c2g="])
def test_a_secret_in_a_list_is_still_a_secret_in_clear(tmp_path: Path, written: str) -> None:
    write(tmp_path, text=GOOD.replace("{env: HUB_TOKEN_POLICE}", written))
    mistake = only(tmp_path)
    assert "holds a secret in clear" in mistake[1] and "hush" not in mistake[1] + mistake[2]
