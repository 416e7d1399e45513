"""The door keeps to what its OpenAPI says, whatever is sent by who reads it, and refuses what it does not allow."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.hostile.live_door import TOKEN, LiveDoor, live_door
from tests.kit.effort import tries

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def the_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDoor]:
    with live_door(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture(scope="module")
def said(the_door: LiveDoor) -> schemathesis.BaseSchema:
    """What the door says of itself."""
    return schemathesis.openapi.from_url(f"{the_door.base}/openapi.json")


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@tries(25)
@given(data=st.data())
def test_a_partners_posts(
    mode: schemathesis.GenerationMode,
    the_door: LiveDoor,
    said: schemathesis.BaseSchema,
    data: st.DataObject,
) -> None:
    """Its name and token are right; the rest is whatever the description allows, or does not."""
    post = said["/v1/partners/{partner}/messages"]["POST"]
    case = data.draw(
        post.as_strategy(
            mode,
            path_parameters={"partner": "team-north"},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
    )
    before = len(the_door.owned)
    answer = case.call(base_url=the_door.base, timeout=20)
    case.validate_response(answer, checks=CHECKS, transport_kwargs={"base_url": the_door.base})
    owned = len(the_door.owned) - before
    assert (answer.status_code == 202) == any(
        out.topic != "parcels" for out in the_door.owned[before:]
    ), (answer.status_code, owned)


@tries(25)
@given(data=st.data())
def test_anybody_anywhere(
    the_door: LiveDoor, said: schemathesis.BaseSchema, data: st.DataObject
) -> None:
    """Without a token every path says so, or who it is for, and nothing is taken in."""
    operations = [said[path][method] for path in said for method in said[path]]
    operation = data.draw(st.sampled_from(operations))
    mode = data.draw(st.sampled_from(list(schemathesis.GenerationMode)))
    case = data.draw(operation.as_strategy(mode))
    before = len(the_door.owned)
    answer = case.call(base_url=the_door.base, timeout=20)
    case.validate_response(answer, checks=CHECKS, transport_kwargs={"base_url": the_door.base})
    assert len(the_door.owned) == before


def test_nothing_of_ours_failed(the_door: LiveDoor) -> None:
    """After all of that: our own faults are logged as errors, and there are none."""
    assert the_door.alive()
    assert the_door.log.worst() == []
