"""Pages that refer to nothing outside themselves: escaped text, elements, tables and figures that everyone can read."""

import html
from collections.abc import Iterable, Sequence

from inkling.components.shared.report.style import STYLE


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str) -> Html:
    """An element; content that is not `Html` is escaped, an underscore after an attribute's name is dropped."""
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    opening = "".join(f' {name}="{html.escape(value)}"' for name, value in names.items())
    return Html(f"<{tag}{opening}>{join(*content)}</{tag}>")


def join(*content: str) -> Html:
    """Pieces one after the other; those that are not `Html` are escaped."""
    return Html("".join(piece if isinstance(piece, Html) else html.escape(piece, quote=False) for piece in content))


def paragraph(*content: str, class_: str = "") -> Html:
    """A paragraph."""
    return element("p", *content, class_=class_) if class_ else element("p", *content)


def section(identity: str, title: str, *content: str) -> Html:
    """A part of the report with its heading."""
    return element(
        "section",
        element("h2", title, id=f"{identity}-title"),
        *content,
        id=identity,
        aria_labelledby=f"{identity}-title",
    )


def bullets(items: Iterable[str]) -> Html:
    """A list."""
    return element("ul", *(element("li", item) for item in items))


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> Html:
    """A table whose first column names the rows; it scrolls sideways on a narrow screen.

    Args:
        caption: What the table shows.
        header: Heads of the columns.
        rows: Cells of each row.
        text_columns: Columns from the left that hold words; the others hold numbers.
    """
    heads = [element("th", head, scope="col", class_=_kind(index, text_columns)) for index, head in enumerate(header)]
    body = []
    for row in rows:
        cells = [element("td", cell, class_=_kind(index + 1, text_columns)) for index, cell in enumerate(row[1:])]
        body.append(element("tr", element("th", row[0], scope="row"), *cells))
    grid = element(
        "table", element("caption", caption), element("thead", element("tr", *heads)), element("tbody", *body)
    )
    return element("div", grid, class_="scroll", tabindex="0", role="region", aria_label=caption)


def figure(svg: str, alternative: str, caption: str) -> Html:
    """A drawing with its caption and, for those who cannot see it, what it shows."""
    drawing = element("div", Html(svg), role="img", aria_label=alternative)
    return element("figure", drawing, element("figcaption", caption))


def page(title: str, *content: str, head: str = "") -> str:
    """A whole document.

    Args:
        title: Its title.
        *content: The parts of its body.
        head: What else its head holds, as `Html`.
    """
    whole = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Html(STYLE)),
        head,
    )
    return "<!doctype html>\n" + element("html", element("head", whole), element("body", *content), lang="en") + "\n"


def _kind(column: int, text_columns: int) -> str:
    return "text" if column < text_columns else "number"
