# SPDX-License-Identifier: Apache-2.0
"""`make report` as a user meets it: files, exit codes, one line for a mistake."""

from __future__ import annotations

import re
import shutil

import pytest

from sim import cli, report_verb, verbs
from sim.paths import ROOT
from synth.report import markdown
from tests.report_samples import a_bench, write


@pytest.fixture
def results(tmp_path, monkeypatch):
    packages = tmp_path / "packages"
    shutil.copytree(report_verb.PACKAGES / "digits-b3", packages / "digits-b3")
    monkeypatch.setattr(report_verb, "PACKAGES", packages)
    monkeypatch.setattr(report_verb, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(report_verb, "DOCS", tmp_path / "results.md")
    monkeypatch.setattr(report_verb, "shown", lambda path: path.name)
    return tmp_path / "results"


def test_writes_page_and_markdown(results, capsys):
    write(results, a_bench()[:6])
    assert cli.run("report", {}) == 0
    said = capsys.readouterr().out
    assert (results / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (results / "report.md").read_text().startswith("# plutarch: what it really costs")
    assert "report.html, report.md" in said
    assert "missing in 'ecp5': No record: `make bench PART=ecp5`." in said
    assert sorted(path.name for path in results.iterdir()) == [
        "bench.json", "report.html", "report.md"]  # nothing half written is left


def test_the_same_records_give_the_same_bytes(results):
    write(results, a_bench()[:6])
    texts = []
    for _ in range(2):
        assert cli.run("report", {}) == 0
        texts.append([(results / f"report.{end}").read_bytes() for end in ("html", "md")])
    assert texts[0] == texts[1]


def test_docs_only_when_asked(results, tmp_path):
    write(results, a_bench()[:6])
    docs = tmp_path / "results.md"
    docs.write_text(f"text\n{markdown.BEGIN}\n{markdown.END}\n")
    before = docs.read_text()
    assert cli.run("report", {}) == 0
    assert docs.read_text() == before
    assert cli.run("report", {"DOCS": "1"}) == 0
    assert "**LUT/MAC of all lanes" in docs.read_text()
    assert cli.run("report", {"DOCS": "yes"}) == 2


@pytest.mark.parametrize("text", [None, "{", '{"schema": 1, "records": 3}'])
def test_a_mistake_is_one_line_and_leaves_nothing(results, capsys, text):
    results.mkdir()
    if text is not None:
        (results / "bench.json").write_text(text)
    assert cli.run("report", {}) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("error: ")
    assert "\n" not in said
    assert ("make bench" in said) == (text is None)
    assert "bench.json" in said
    assert not (results / "report.html").exists()


def test_sources_are_those_that_a_module_reaches():
    names = {path.name for path in report_verb.sources("dot_product")}
    assert {"dot_product.v", "lane_plut.v", "adder_tree.v"} <= names
    assert "plut_conv.v" not in names
    assert report_verb.sources("no_such_module") == ()


def test_make_knows_the_verb_and_the_docs_have_their_markers():
    assert re.search(r"^VERBS .*\breport\b", (ROOT / "Makefile").read_text(), re.M)
    verb, choices = verbs.parse(["report", "DOCS=1"])
    assert (verb.name, choices) == ("report", {"DOCS": "1"})
    text = report_verb.DOCS.read_text()
    assert text.count(markdown.BEGIN) == text.count(markdown.END) == 1
