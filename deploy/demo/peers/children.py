"""The children of the demo are invented: numbers of the 999 range, streets and names that do not exist."""

from typing import Any


def nhs(nine: int) -> str:
    """Nine digits with their check digit (modulus 11); the next number where there is none."""
    digits = str(nine)
    rest = 11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
    return nhs(nine + 1) if rest == 10 else f"{digits}{rest % 11}"


def _child(nine: int, given: str, family: str, born: str, sex: str, street: str) -> dict[str, Any]:
    return {
        "nhs": nhs(nine),
        "given": given,
        "family": family,
        "born": born,
        "sex": sex,
        "street": street,
        "postcode": "LS99 5TT",
    }


CHILDREN = {
    "zoe": _child(999590830, "Zoë", "Okafor-Lindqvist", "2017-03-12", "2", "29 West Terrace"),
    "axel": _child(999590844, "Axel", "Okafor-Lindqvist", "2019-07-02", "1", "29 West Terrace"),
    "rowan": _child(999612001, "Rowan", "Marrowby", "2014-09-30", "1", "4 Lantern Row"),
    "kit": _child(999612019, "Kit", "Stonebridle", "2018-05-04", "1", "17 Foxglove Rise"),
    "fern": _child(999612035, "Fern", "Quillfeather", "2016-11-21", "2", "3 Kestrel Mews"),
    "ellis": _child(999612051, "Ellis", "Larkhollow", "2012-02-17", "1", "88 Tannery Steps"),
}


def passer_by(number: int) -> dict[str, Any]:
    """Somebody at the hospital whom nobody watches."""
    given = ("Amberly", "Brindley", "Corwen", "Delphie", "Ewart", "Fenella")[number % 6]
    return _child(999700000 + 37 * number, given, "Vexley", "2013-01-09", "1", "1 Copperfield Yard")


def identity(name: str, own: str | None = None) -> dict[str, Any]:
    """A child as JSON tells of them."""
    child = CHILDREN[name]
    told: dict[str, Any] = {
        "name": {"value": {"given": child["given"], "family": child["family"]}},
        "born": child["born"],
        "sex": {"value": {"code": {"1": "M", "2": "F"}[child["sex"]]}},
        "nhs_number": {"value": {"number": child["nhs"]}},
        "address": {"value": {"lines": [child["street"], "Leeds"], "postcode": child["postcode"]}},
        "interpreter_needed": {"value": False},
    }
    return told | ({"own_number": own} if own else {})
