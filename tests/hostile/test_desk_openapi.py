"""The API of the desk keeps to what its OpenAPI says, whatever a program sends."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.app import make_app
from tests.desk.test_api import secret
from tests.hostile.test_desk import ids
from tests.hostile.test_door_openapi import CHECKS
from tests.kit.desk import WHO, Sitting, evenings, filled, sitting
from tests.kit.effort import tries
from tests.kit.log_lines import Log, logged_as

__all__ = ["evenings", "filled", "sitting"]


@pytest.fixture
def log() -> Iterator[Log]:
    with logged_as("desk") as made:
        yield made


def said_by(app: FastAPI) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/v1/desk/openapi.json", app)


def test_a_program_with_a_token_is_answered_as_described(sitting: Sitting, log: Log) -> None:
    app = make_app(sitting.desk)
    said, there = said_by(app), ids(sitting)
    shown = {short: secret(sitting, short) for short in WHO}
    operations = [said[path][method] for path in said for method in said[path]]
    assert len(operations) > 20

    @tries(60)
    @given(st.data())
    def call(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        mode = data.draw(st.sampled_from(list(schemathesis.GenerationMode)))
        more: dict[str, Any] = {}
        if "{" in operation.path and data.draw(st.booleans()):
            name = operation.path.split("{")[1].split("}")[0]
            partner = name == "name"
            more["path_parameters"] = {
                name: "exemplar-police" if partner else data.draw(st.sampled_from(there))
            }
        token = shown[data.draw(st.sampled_from(sorted(shown)))]
        headers = {"Authorization": f"Bearer {token}"}
        case = data.draw(operation.as_strategy(mode, headers=headers, **more))
        answer = case.call()
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code not in (401, 500)

    call()
    assert log.worst() == []


def test_without_one_every_path_says_so_and_nothing_happens(sitting: Sitting) -> None:
    app = make_app(sitting.desk)
    said = said_by(app)
    operations = [said[path][method] for path in said for method in said[path]]

    @tries(25)
    @given(st.data())
    def call(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        answer = data.draw(operation.as_strategy()).call(headers={"Authorization": "Bearer x"})
        # What is no text is no address of anything, whoever asks.
        odd = any(sign in str(answer.request.url) for sign in ("%00", "%0A"))
        assert answer.status_code == 401 or (odd and answer.status_code == 404), answer.text

    call()
    assert sitting.road.published == []
