"""Reads an HTML file as a browser without a network would, for the tests of reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "hr", "link", "input"}
_REFERENCES = ("src", "href", "srcset", "action", "data", "poster", "background", "formaction")


@dataclass
class Page(HTMLParser):
    """What a page holds.

    Attributes:
        references: all attributes that a browser would follow.
        images: the attributes of each image.
        ids: of all elements.
        tags: the names of all elements.
        text: what is read.
        problems: what is not well-formed.
    """

    references: list[str] = field(default_factory=list)
    images: list[dict[str, str | None]] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    text: str = ""
    problems: list[str] = field(default_factory=list)
    language: str | None = None
    style: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []

    @classmethod
    def of(cls, html: str) -> Page:
        page = cls()
        page.feed(html)
        page.close()
        page.problems += [f"{tag} is not closed" for tag in page._open]
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if len(found) < len(attrs):
            self.problems.append(f"{tag} has an attribute twice")
        self.tags.append(tag)
        self.references += [str(found[name]) for name in _REFERENCES if name in found]
        self.ids += [found["id"]] if "id" in found else []
        if tag == "img":
            self.images.append(found)
        if tag == "html":
            self.language = found.get("lang")
        self.problems += [f"{name} in {tag}" for name in found if name.startswith("on")]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"{tag} is closed where it is not open")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text += data


def assert_stands_alone(html: str) -> Page:
    """The page, of which nothing is loaded from elsewhere and nothing runs."""
    page = Page.of(html)
    assert page.problems == []
    assert html.startswith("<!DOCTYPE html>") and page.language == "en"
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    outside = [text for text in page.references if not text.startswith(("#", "data:image/"))]
    assert outside == []
    anchors = {text[1:] for text in page.references if text.startswith("#")}
    assert anchors <= set(page.ids) and len(page.ids) == len(set(page.ids))
    assert "url(" not in page.style and "@import" not in page.style
    assert all(str(image.get("alt") or "").strip() for image in page.images)
    assert "default-src 'none'" in html
    return page
