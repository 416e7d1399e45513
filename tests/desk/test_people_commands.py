"""Who reaches the machine adds the first people and makes tokens, and is told what to mend where that fails."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.desk.accounts.people import everybody, set_active
from hub.desk.accounts.tokens import end_token, tokens
from tests.kit.desk import Sitting, sign_in

Hub = Callable[..., Result]
EMAIL = "auditor@desk.example.org"


@pytest.fixture
def hub(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """`hub people …` beside the desk, whose data is in the same directory."""
    data = sitting.desk.settings.data
    monkeypatch.setenv("HUB_DATA", str(data))
    return lambda *words: CliRunner().invoke(app, ["people", *words])


def failed(result: Result) -> str:
    """What it says where it fails; never a traceback."""
    assert (result.exit_code, result.stdout) == (78, "")
    assert "Traceback" not in result.stderr
    return result.stderr


async def status(sitting: Sitting, token: str) -> int:
    async with sitting.client() as client:
        headers = {"authorization": f"Bearer {token}"}
        asked = {"q": "since 2000-01-01"}
        answer = await client.get("/v1/desk/messages", headers=headers, params=asked)
        return answer.status_code


async def test_a_token_opens_the_api_for_its_person_until_it_is_ended(
    sitting: Sitting, hub: Hub
) -> None:
    made = hub("token", EMAIL.upper(), "--label", "the board on the wall")
    assert made.exit_code == 0, made.stderr
    secret = made.stdout.strip()
    assert await status(sitting, secret) == 200
    with sitting.desk.people.connect() as conn:
        [[person]] = [[one for one, _ in everybody(conn) if one.email == EMAIL]]
        [token] = tokens(conn)[person.person_id]
        kept = conn.exec_driver_sql("select * from api_token").all()
    assert token.label == "the board on the wall"
    assert secret not in str(kept), "it is kept as a hash"
    with sitting.desk.people.begin() as conn:
        end_token(conn, token.token_id, 0)
    assert await status(sitting, secret) == 401


def test_a_token_is_refused_in_words(sitting: Sitting, hub: Hub) -> None:
    nobody = failed(hub("token", "nobody@desk.example.org"))
    assert "nobody@desk.example.org" in nobody and "`hub people add`" in nobody
    assert "people.db" in nobody, "it may have looked in another place than was meant"
    assert "what the token is for" in failed(hub("token", EMAIL, "--label", " "))
    with sitting.desk.people.begin() as conn:
        [person] = [one for one, _ in everybody(conn) if one.email == EMAIL]
        set_active(conn, person.person_id, False)
    assert "may not sign in" in failed(hub("token", EMAIL))
    with sitting.desk.people.connect() as conn:
        assert tokens(conn) == {}


async def test_who_was_added_signs_in_and_a_mistake_is_named(sitting: Sitting, hub: Hub) -> None:
    who = ("--name", "O. Penhaligon", "--email", "orla@desk.example.org")
    made = hub("add", *who)
    assert made.exit_code == 0, made.stderr
    password = made.stdout.rpartition(" ")[2].strip()
    async with sitting.client() as client:
        done = await sign_in(client, "orla@desk.example.org", password)
        assert done.status_code == 303
    assert "already" in failed(hub("add", *who))
    assert "e-mail address" in failed(hub("add", "--name", "O", "--email", "orla"))
    another = ("--name", "A. Somebody", "--email", "another@desk.example.org")
    wrong = failed(hub("add", *another, "--role", "boss"))
    assert "boss" in wrong and "team_worker" in wrong and "administrator" in wrong
    # Without an agency they would sign in and see nothing.
    assert "agency" in failed(hub("add", *another, "--role", "team_worker"))


def test_a_database_that_is_away_is_a_sentence(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://hub:s3cret@127.0.0.1:1/hub"
    monkeypatch.setenv("HUB_DATABASE_URL", url)
    for words in (("token", EMAIL), ("add", "--name", "A", "--email", "a@example.org")):
        said = failed(hub(*words))
        assert "HUB_DATABASE_URL" in said and "s3cret" not in said


def test_people_who_were_begun_anew_are_told_of(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a mistaken HUB_DATA the desk would know nobody of them."""
    who = ("--name", "O. Penhaligon", "--email", "orla@desk.example.org")
    assert hub("add", *who).stderr == ""
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "mistaken"))
    assert f"{tmp_path}/mistaken/people.db (HUB_DATA)" in failed(hub("token", EMAIL))
    assert not (tmp_path / "mistaken").exists(), "a question makes nothing"
    made = hub("add", *who)
    assert made.exit_code == 0
    assert f"{tmp_path}/mistaken/people.db (HUB_DATA) was not there and was made" in made.stderr


def test_settings_that_are_wrong_are_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_CERTIFICATE_DAYS", "soon")
    assert "HUB_CERTIFICATE_DAYS" in failed(hub("token", EMAIL))
