"""Nothing leaves the hub for a spreadsheet or as a file; whoever adds that must make its cells harmless first."""

import ast
import re

from tests.shape.files import PACKAGES, ROOT, modules, name

NAMES = re.compile(r"content-disposition|text/tab-separated-values|spreadsheetml", re.I)


def test_nobody_writes_csv_or_hands_out_files() -> None:
    """A cell that begins with =, +, -, @, a tab or a line end is a formula where it is opened (OWASP)."""
    wrong = []
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("csv"), attr="writer" | "DictWriter")
                ):
                    wrong.append(name(path))
                case ast.Call(func=ast.Name("FileResponse")) | ast.Constant(str()) if _file(node):
                    wrong.append(name(path))
    assert wrong == []


def _file(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) or (
        isinstance(node, ast.Constant) and NAMES.search(str(node.value)) is not None
    )


def test_no_page_offers_a_download() -> None:
    pages = sorted((ROOT / "hub/desk/templates").glob("*.html"))
    assert pages
    assert [page.name for page in pages if re.search(r"\bdownload\b", page.read_text())] == []
