"""A value is taken as it should be or refused with a cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nhs_number.validate import calculate_checksum
from pydantic import BaseModel, ValidationError

from schemas.census import Ethnicity
from schemas.values import (
    NOT_ASKED,
    NOT_KNOWN,
    Address,
    Coded,
    Email,
    Known,
    Line,
    NhsNumberText,
    Period,
    Phone,
    Said,
    Upn,
    Uprn,
    known,
    told,
    words,
)


class Form(Said):
    religion: Known[Line] = NOT_ASKED
    aware: Known[bool] = NOT_ASKED


class Numbers(BaseModel):
    nhs: NhsNumberText | None = None
    upn: Upn | None = None
    uprn: Uprn | None = None
    phone: Phone | None = None
    email: Email | None = None


def test_three_values_have_three_shapes_and_a_gap_means_not_asked() -> None:
    form = Form.model_validate_json('{"religion":{"value":"Jain"},"aware":"not_known"}')
    assert told(form.religion) == "Jain"
    assert form.aware is NOT_KNOWN
    assert Form().aware is NOT_ASKED
    assert Form.model_validate_json(form.model_dump_json()) == form
    assert form.model_dump_json() == '{"religion":{"value":"Jain"},"aware":"not_known"}'


@pytest.mark.parametrize("said", ['"Jain"', '{"value":""}', "{}", "null", '{"value":"a","b":1}'])
def test_anything_else_is_refused_and_says_what_to_write(said: str) -> None:
    with pytest.raises(ValidationError):
        Form.model_validate_json(f'{{"religion":{said}}}')
    with pytest.raises(ValidationError, match=r'say \{"value": …\}, "not_known" or "not_asked"'):
        Form.model_validate_json('{"religion":"Jain"}')


def test_false_is_an_answer_and_not_a_gap() -> None:
    form = Form(aware=known(False))
    assert told(form.aware) is False
    assert words(form.aware) == "No"


@pytest.mark.parametrize("number", ["9434765919", "9000000009", "4010232137", "943 476 5919"])
def test_valid_nhs_numbers_are_taken_as_ten_digits(number: str) -> None:
    assert Numbers(nhs=number).nhs == number.replace(" ", "")


@pytest.mark.parametrize("number", ["9434765918", "4857773456", "943476591", "", "94347659190"])
def test_invalid_nhs_numbers_are_refused(number: str) -> None:
    with pytest.raises(ValidationError, match="check digit"):
        Numbers(nhs=number)


@given(st.integers(999_000_000, 999_999_999), st.integers(0, 9))
def test_exactly_one_check_digit_holds(body: int, digit: int) -> None:
    right = calculate_checksum(str(body))
    try:
        Numbers(nhs=f"{body}{digit}")
        assert digit == right
    except ValidationError:
        assert digit != right


def test_a_pupil_number_holds_by_its_check_letter() -> None:
    digits = [int(digit) for digit in "820432112345"]
    total = sum(weight * value for weight, value in zip(range(2, 14), digits, strict=True))
    letter = "ABCDEFGHJKLMNPQRTUVWXYZ"[total % 23]
    assert Numbers(upn=f"{letter}820432112345").upn
    wrong = "B" if letter == "A" else "A"
    with pytest.raises(ValidationError, match=f"should be {letter}"):
        Numbers(upn=f"{wrong}820432112345")


def test_a_temporary_pupil_number_ends_in_a_letter_that_counts() -> None:
    counted = [8, 2, 0, 4, 3, 2, 1, 1, 2, 3, 4, "ABCDEFGHJKLMNPQRTUVWXYZ".index("B")]
    total = sum(weight * value for weight, value in zip(range(2, 14), counted, strict=True))
    letter = "ABCDEFGHJKLMNPQRTUVWXYZ"[total % 23]
    assert Numbers(upn=f"{letter}82043211234B").upn


def test_a_uprn_stays_a_string() -> None:
    assert Numbers(uprn="000123").uprn == "000123"
    for wrong in ("1234567890123", "12a"):
        with pytest.raises(ValidationError):
            Numbers(uprn=wrong)


def test_telephones_and_mail() -> None:
    for phone in ("0113 496 0123", "+44 (0)113 496 0123", "07700 900123 x12", "101"):
        assert Numbers(phone=phone).phone == phone
    for phone in ("ask mother", "12", ""):
        with pytest.raises(ValidationError):
            Numbers(phone=phone)
    assert Numbers(email="a.b@example.org").email
    for mail in ("a@b", "a b@example.org", "a@example.org,b@example.org"):
        with pytest.raises(ValidationError):
            Numbers(email=mail)


def test_a_merged_line_is_address_enough_but_nothing_is_not() -> None:
    assert Address(lines=("1 Lantern Row, Leeds LS99 1ZZ",)).one_line.endswith("LS99 1ZZ")
    assert Address(house="1", street="Lantern Row", postcode="ls99 1zz").one_line == (
        "1, Lantern Row, LS99 1ZZ"
    )
    with pytest.raises(ValidationError, match="not_known"):
        Address()


def test_a_period_runs_forward() -> None:
    with pytest.raises(ValidationError, match="end lies before start"):
        Period.model_validate({"start": "2026-11-23T10:00Z", "end": "2026-11-23T09:00Z"})


def test_a_mapped_code_keeps_what_it_was() -> None:
    coded = Coded[Ethnicity].model_validate(
        {"code": "BAFR", "source": {"code": "N", "system": "nhs-ethnic-category"}}
    )
    assert coded.source and coded.source.code == "N"
    assert words(known(coded)) == "Black African"
