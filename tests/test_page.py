"""The frame of all pages: everything escaped, nothing missing in silence, read from the installed package."""

import jinja2
import pandas as pd
import pytest

from crmlab import _page
from crmlab.errors import ArgumentError


def test_text_is_escaped_and_trusted_html_is_not():
    page = _page.render("page.html", title="</title><script>alert('1')</script>")
    assert "<title>&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;</title>" in page
    assert "<title>a &amp; b</title>" in _page.render("page.html", title=_page.trusted("a &amp; b"))


def test_what_no_page_can_hold_is_replaced():
    for title in ("a\x1b\ud800", _page.trusted("a\x1b\ud800")):
        page = _page.render("page.html", title=title)
        assert "<title>a��</title>" in page
        page.encode("utf-8")


def test_tables_and_numbers_read_as_elsewhere():
    template = _page._environment().from_string("{{ frame | table }} {{ n | show }} {{ share | percent }}")
    text = template.render(frame=pd.DataFrame({"<a>": ["<b>"]}), n=1234567, share=0.25)
    assert "&lt;a&gt;" in text
    assert "&lt;b&gt;" in text
    assert text.endswith(" 1,234,567 25.0 %")


def test_a_page_is_whole():
    page = _page.render("page.html", title="t")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>')
    assert page.endswith("</body>\n</html>\n")
    assert "border-collapse" in page


def test_a_name_that_is_missing_and_a_template_that_does_not_exist():
    with pytest.raises(jinja2.UndefinedError, match="'title' is undefined"):
        _page.render("page.html")
    for name in ("nothing.html", "../errors.py"):
        with pytest.raises(ArgumentError, match="no template"):
            _page.render(name)
