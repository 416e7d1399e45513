"""No door opens in clear to another machine, and one that cannot open says what to set."""

import ssl
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.partners import Role
from hub.serving import doors
from hub.serving.doors import DoorShut, tls_of
from hub.settings import Settings
from tests.contract.transports.certificates import Authority
from tests.contract.transports.test_renewed import shook
from tests.kit.log_lines import logged_as
from tests.kit.site import a_partner

DOORS = pytest.mark.parametrize("door", doors.DOORS)


def settings(door: str, **these: object) -> Settings:
    named = {name if name == "tls_in_front" else f"{door}_{name}": these[name] for name in these}
    return Settings.model_validate(named)


@DOORS
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "hub.example.org"])
def test_beyond_this_machine_nothing_is_said_in_clear(door: doors.Door, host: str) -> None:
    with pytest.raises(DoorShut) as caught:
        tls_of(settings(door, host=host), door)
    for word in (f"HUB_{door.upper()}_TLS_CERT", "HUB_TLS_IN_FRONT", host):
        assert word in str(caught.value)
    assert tls_of(settings(door, host=host, tls_in_front=True), door) is None


@DOORS
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_it_may_be_clear(door: doors.Door, host: str) -> None:
    assert tls_of(settings(door, host=host), door) is None


@DOORS
def test_half_of_what_tls_needs_is_a_mistake(door: doors.Door, tmp_path: Path) -> None:
    pair = Authority(tmp_path).pair("hub")
    for half in (
        {"tls_cert": pair.certificate},
        {"tls_key": pair.key},
        {"tls_client_ca": pair.key},
    ):
        with pytest.raises(DoorShut, match="belong together"):
            tls_of(settings(door, **half), door)


@DOORS
def test_a_wrong_file_stops_the_start_with_its_name_and_cure(
    door: doors.Door, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    wrong = settings(
        door, tls_cert=authority.pair("a").certificate, tls_key=authority.pair("b").key
    )
    with pytest.raises(DoorShut, match=r"b\.key is not the key of .*a\.pem.*as they were issued"):
        tls_of(wrong, door)


def test_hub_run_ends_with_the_sentence_and_asks_not_to_be_tried_again(
    tmp_path: Path,
) -> None:
    partners = tmp_path / "partners"
    partners.mkdir()
    given = {"DATA": tmp_path, "PARTNERS_DIR": partners, "DOOR_HOST": "0.0.0.0"}
    env = {f"HUB_{name}": str(value) for name, value in given.items()}
    told = CliRunner().invoke(app, ["run"], env=env)
    assert told.exit_code == 78 and "HUB_DOOR_TLS_CERT" in told.stderr


def test_an_expired_one_opens_the_door_and_says_so(tmp_path: Path) -> None:
    pair = Authority(tmp_path).pair("hub", days=-1)
    with logged_as("edge") as log:
        made = tls_of(settings("door", tls_cert=pair.certificate, tls_key=pair.key), "door")
    assert made is not None
    assert [line["event"] for line in log.worst()] == [
        "the certificate has expired: callers will refuse it"
    ]


def test_people_without_a_certificate_do_not_reach_a_desk_that_asks_for_one(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    pair = authority.pair("hub")
    named = {"tls_cert": pair.certificate, "tls_key": pair.key, "tls_client_ca": authority.file}

    anybody = ssl.create_default_context(cafile=authority.file)
    known = authority.pair("device").client(authority.file)
    for door, lets_anybody in (("door", True), ("desk", False)):
        context = tls_of(settings(door, **named), door)  # type: ignore[arg-type]
        assert context is not None
        assert shook(context, known)
        assert shook(context, anybody) is lets_anybody


def test_a_partner_known_by_its_certificate_needs_a_door_that_asks(tmp_path: Path) -> None:
    force = a_partner(
        "force", Role.POLICE, transport={"kind": "http", "certificate": {"names": ["f"]}}
    )
    with pytest.raises(DoorShut, match="force is known by .* HUB_DOOR_TLS_CLIENT_CA"):
        doors.can_know(Settings(), [force])
    doors.can_know(Settings(door_tls_client_ca=tmp_path / "ca.pem"), [force])
    doors.can_know(Settings(), [a_partner("team", Role.ASSESSMENT_TEAM)])
