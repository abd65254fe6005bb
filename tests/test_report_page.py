# SPDX-License-Identifier: Apache-2.0
"""The page and the Markdown: HTML that loads nothing, figures as in the JSON, no injection."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from synth.errors import SynthError
from synth.report import build, facts, load, markdown, page
from synth.report.model import Report, Section, Table, number, words
from tests.report_samples import WHY, a_bench, made, module, network, write

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """Checks that tags nest, keeps attributes, cells of tables and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.rows, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append([dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data
        if self.rows and ("td" in self.open or "th" in self.open):
            self.rows[-1][-1][1] += data


@pytest.fixture(scope="module")
def made_report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write(folder, [*a_bench(), module("shuff_decoder")])
    network(folder)
    report = build.build(load.load(folder), facts.read(), [])
    return folder, report, page.page(report)


def test_the_page_nests_and_has_everything_inside(made_report):
    _, report, text = made_report
    reader = Reader(text)
    names = {one.ident for one in report.sections}
    assert {"claims", "losses", "aims", "lut", "energy", "lut-time", "memory", "latency", "decoder",
            "fill", "ecp5", "published", "records"} == names
    ids = [attrs["id"] for tag, attrs in reader.tags if tag == "section"]
    assert len(ids) == len(set(ids)) == len(names)
    links = [attrs["href"] for tag, attrs in reader.tags if tag == "a"]
    assert links == [f"#{one}" for one in ids]


def test_the_page_loads_nothing(made_report):
    text = made_report[2]
    reader = Reader(text)
    for tag, attrs in reader.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base"), tag
        for key in ("src", "href", "srcset", "data", "action", "poster"):
            if key in attrs:
                assert attrs[key].startswith(("#", "data:image/png;base64,")), attrs[key][:80]
    rest = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttp|import\(", rest)


def test_tables_can_be_sorted_by_every_column(made_report):
    text = made_report[2]
    reader = Reader(text)
    tables = [attrs for tag, attrs in reader.tags if tag == "table"]
    assert tables
    assert all(attrs.get("class") == "sortable" for attrs in tables)
    assert len([1 for tag, _ in reader.tags if tag == "th"]) == len(
        [1 for tag, _ in reader.tags if tag == "button"])
    script = re.search(r"<script>(.*?)</script>", text, re.S)[1]
    assert 'querySelectorAll("table.sortable")' in script
    assert "appendChild(row)" in script


def test_figures_of_the_page_are_those_of_the_json(made_report):
    folder, report, text = made_report
    raw = json.loads((folder / "bench.json").read_text())["records"]
    (table,) = build.by_ident(report, "records").tables
    head = [name for name, _ in table.head]
    rows = [row for row in Reader(text).rows if len(row) == len(head)
            and row[0][1] in ("dot_product", "plut_conv", "shuff_decoder")]
    assert len(rows) == len(raw)
    fields = {"b": "b", "N": "n", "macs": "macs", "LUT cells": "lut_cells",
              "lut_packed": "lut_packed", "lutram": "lutram", "FF": "ff", "CARRY8": "carry8",
              "BRAM36": "bram36", "DSP": "dsp", "levels": "levels", "MHz est": "fmax_mhz_est",
              "fJ held": "energy_fj_per_mac_held",
              "fJ changing": "energy_fj_per_mac_changing"}  # fmt: skip
    assert set(fields) < set(head)
    for row, record in zip(rows, raw, strict=True):
        for name, field in fields.items():
            attrs, shown = row[head.index(name)]
            if record[field] is None:
                assert shown == "-"
                assert "data-v" not in attrs
                assert record["reasons"][field] in attrs["title"]
            else:
                assert float(attrs["data-v"]) == record[field]
                assert field in attrs["title"]


def test_every_figure_of_a_record_says_tool_and_stage(made_report):
    _, report, _ = made_report
    for ident in ("lut", "energy", "lut-time"):
        for table in build.by_ident(report, ident).tables:
            for row in table.rows:
                for cell in row[2:]:
                    assert cell.missing or "yosys 0.70, synthesised, xck26" in cell.note
    energies = build.by_ident(report, "energy").tables
    assert all("uncalibrated" in cell.note for table in energies for row in table.rows
               for cell in row[2:] if not cell.missing)  # fmt: skip


def test_plots_are_pngs_inside(made_report):
    images = [attrs for tag, attrs in Reader(made_report[2]).tags if tag == "img"]
    assert len(images) == 5
    assert all(attrs["src"].startswith("data:image/png;base64,iVBORw0KGgo") for attrs in images)
    assert all(attrs["alt"] for attrs in images)


def test_without_matplotlib_the_page_says_so(made_report, monkeypatch):
    from golden.errors import PlutarchError
    from synth.report import plots

    def refuse(*_):
        raise PlutarchError("plots: matplotlib is not installed (extra `train`)")

    monkeypatch.setattr(plots, "new_figure", refuse)
    report = build.build(load.load(made_report[0]), facts.read(), [])
    assert not any(one.plots for one in report.sections)
    assert "matplotlib is not installed" in build.by_ident(report, "lut").absent[-1]
    Reader(page.page(report))


EVIL = '<script>alert("x")</script> & <b> | "q" \'s\''


def test_text_is_escaped_everywhere():
    table = Table(EVIL, (("a", EVIL), (EVIL, "")), ((words(EVIL, EVIL), number(None, why=EVIL)),),
                  (EVIL,))  # fmt: skip
    report = Report(EVIL, (EVIL,), (EVIL,), (Section("x", EVIL, (EVIL,), (table,), (), (EVIL,)),))
    text = page.page(report)
    reader = Reader(text)
    assert text.count("<script>") == 1
    assert "alert(" in reader.text
    cell = reader.rows[1][0]
    assert cell == [{"title": EVIL}, EVIL]
    plain = markdown.text(report)
    assert "<script>" not in plain
    assert "<b>" not in plain
    row = next(line for line in plain.splitlines() if line.startswith("| &lt;script"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3


def test_names_and_reasons_out_of_a_record_are_escaped(tmp_path):
    evil = made(params={"LANE": "P1", "NOTE": EVIL}, tool_version=EVIL,
                held=None, reasons={"energy_fj_per_mac_held": EVIL})  # fmt: skip
    write(tmp_path, [evil])
    text = page.page(build.build(load.load(tmp_path), facts.read(), []))
    Reader(text)
    assert text.count("<script>") == 1


def test_markdown_has_the_same_figures_and_the_reasons(made_report):
    _, report, _ = made_report
    text = markdown.text(report)
    assert "| 4 | 9 | 20.00 | 16.00 | 14.00 | 18.00 | 28.00 | 42.00 |" in text
    assert f"energy_fj_per_mac_changing: {WHY}" in text
    numbers = {int(found) for found in re.findall(r"^\((\d+)\) ", text, re.M)}
    assert numbers
    assert max(int(found) for found in re.findall(r"- \((\d+)\)", text)) <= max(numbers)


def test_docs_are_replaced_between_their_markers_only(made_report, tmp_path):
    _, report, _ = made_report
    path = tmp_path / "results.md"
    path.write_text(f"# Before\n\n{markdown.BEGIN}\nFORMERLY\n{markdown.END}\n\nafter\n")
    for _ in range(2):  # the second time changes nothing
        markdown.put_into(path, markdown.excerpt(report))
        text = path.read_text()
        assert text.startswith(f"# Before\n\n{markdown.BEGIN}\n\n## Hardware")
        assert text.endswith(f"{markdown.END}\n\nafter\n")
        assert "FORMERLY" not in text
        assert "**Claimed against reproduced**" in text
        assert text.count(markdown.BEGIN) == 1
    same = path.read_text()
    markdown.put_into(path, markdown.excerpt(report))
    assert path.read_text() == same


@pytest.mark.parametrize("text", [
    "no marks", markdown.BEGIN, f"{markdown.BEGIN} {markdown.BEGIN} {markdown.END}",
    f"{markdown.END} {markdown.BEGIN}"])
def test_docs_without_their_markers_are_refused(tmp_path, text):
    path = tmp_path / "results.md"
    path.write_text(text)
    with pytest.raises(SynthError, match=r"results\.md: the line '<!-- make report"):
        markdown.put_into(path, "new")
    assert path.read_text() == text


def test_two_versions_never_meet_in_a_table(tmp_path):
    some = [replace(one, tool_version="0.71") if one.n == 64 else one for one in a_bench()]
    write(tmp_path, some)
    report = build.build(load.load(tmp_path), facts.read(), [])
    tables = [one for one in build.by_ident(report, "lut").tables if one.page]
    assert ["0.70" in one.title for one in tables] == [True, False]
    for table in tables:
        version = "0.70" if "0.70" in table.title else "0.71"
        assert all(version in cell.note for row in table.rows for cell in row[2:]
                   if not cell.missing)  # fmt: skip
