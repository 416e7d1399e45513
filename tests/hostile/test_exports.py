"""Whatever partners write, a file that leaves the desk is opened as text and never as a formula."""

import ast
import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hub.desk.shown.sheet import BOM, Cut, as_csv, as_json, cell
from tests.kit.effort import tries
from tests.shape.files import PACKAGES, ROOT, modules, name

NAMES = re.compile(r"content-disposition|text/tab-separated-values|spreadsheetml", re.I)
STARTS = "=+-@\t\r\n|%＝＋－＠"
ODD = st.one_of(
    st.text(),
    st.text(alphabet=f"{STARTS}\"',;\0 a1", max_size=8),
    st.sampled_from(["=HYPERLINK(1)", " =1+1", "\u200b=1", "-2+3+cmd|' /C calc'!A0", '",=1']),
)


class Row(BaseModel):
    """A row of a file."""

    one: str
    several: list[str]
    nothing: str | None = None
    flag: bool = True


def test_only_the_sheet_writes_csv_and_only_exports_hand_out_files() -> None:
    """A cell that begins with =, +, -, @, a tab or a line end is a formula where it is opened (OWASP)."""
    written, handed = set(), set()
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("csv"), attr="writer" | "DictWriter")
                ):
                    written.add(name(path))
                case ast.Call(func=ast.Name("FileResponse")) | ast.Constant(str()) if _file(node):
                    handed.add(name(path))
    assert written == {"hub/desk/shown/sheet.py"}
    assert handed == {"hub/desk/pages/export.py"}


def _file(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) or (
        isinstance(node, ast.Constant) and NAMES.search(str(node.value)) is not None
    )


def test_no_page_offers_a_download() -> None:
    """Every file comes by a form that says who takes it out, never by a link."""
    pages = sorted((ROOT / "hub/desk/templates").glob("*.html"))
    assert pages
    assert [page.name for page in pages if re.search(r"\bdownload\b", page.read_text())] == []


@tries(300)
@given(ODD, st.lists(ODD, max_size=3))
def test_no_cell_is_a_formula_and_nothing_leaves_its_cell(one: str, several: list[str]) -> None:
    text = "".join(as_csv(Row, [Row(one=one, several=several)], Cut()))
    assert text.startswith(BOM)
    read = list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))
    assert read[0] == ["one", "several", "nothing", "flag"]
    assert len(read) == 2 and len(read[1]) == 4
    for found in read[1]:
        assert not found.lstrip().startswith(tuple(STARTS)) or not found
        assert not found.startswith(tuple(STARTS))
        assert "\0" not in found
    assert read[1][0].removeprefix("'") == one.replace("\0", "").removeprefix("'")


@given(st.text())
def test_a_harmless_cell_is_left_as_it_is(text: str) -> None:
    made = cell(text)
    assert made.removeprefix("'") == text.replace("\0", "").removeprefix("'")


def test_a_file_that_is_not_all_says_so() -> None:
    cut = Cut()
    cut.why = "Only the newest 2 are here"
    rows = [Row(one="a", several=[])]
    assert "".join(as_csv(Row, rows, cut)).rstrip().endswith('"Only the newest 2 are here"')
    assert '"complete":false' in "".join(as_json({"what": "x"}, rows, cut))
    assert '"complete":true' in "".join(as_json({"what": "x"}, rows, Cut()))
