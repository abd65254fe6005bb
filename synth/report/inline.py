# SPDX-License-Identifier: Apache-2.0
"""Style and script of the page, written into it: a page that loads nothing works from a disk."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light; --line: #d9d9d9; --soft: #f5f6f8; --ink: #1d2430; --mute: #5d6675; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff;
  max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .5rem; }
h2 { font-size: 1.3rem; margin-top: 2.6rem; border-bottom: 2px solid var(--line); }
nav ul { columns: 3 14rem; padding-left: 1.2rem; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .9rem 0 .3rem; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left;
  vertical-align: top; }
td.n { text-align: right; white-space: nowrap; }
td.missing { text-align: center; color: var(--mute); cursor: help; }
td.loud { font-weight: 700; background: #fff4d6; }
td[title]:hover { background: #eef4fb; }
thead th { background: var(--soft); padding: 0; position: sticky; top: 0; }
th button { font: inherit; font-weight: 600; border: 0; background: none; cursor: pointer;
  padding: .25rem .5rem; width: 100%; text-align: left; white-space: nowrap; }
th[aria-sort=ascending] button::after { content: " \\25B2"; }
th[aria-sort=descending] button::after { content: " \\25BC"; }
tbody tr:nth-child(even) { background: #fbfbfc; }
.wide { overflow-x: auto; max-height: 85vh; }
.about { font-size: 13px; color: var(--mute); margin: .3rem 0; }
.warning { border-left: 4px solid #d9822b; background: #fff7ec; padding: .4rem .8rem; }
.absent { border-left: 4px solid #8a94a6; background: var(--soft); padding: .3rem .8rem; }
code { background: var(--soft); padding: 0 .25em; font-size: 92%; }
figure { margin: 1rem 0; } figure img { max-width: 100%; }
figcaption { font-size: 13px; color: var(--mute); }
details { margin: .8rem 0; } summary { cursor: pointer; font-weight: 600; }
"""

# A click on a head sorts by that column, a second one turns it round; what is missing stays last.
SCRIPT: Final = """
document.querySelectorAll("table.sortable").forEach(function (table) {
  var heads = table.querySelectorAll("thead th"), body = table.tBodies[0];
  heads.forEach(function (head, column) {
    head.addEventListener("click", function () {
      var up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      var rows = Array.prototype.slice.call(body.rows);
      rows.sort(function (one, two) {
        var a = one.cells[column], b = two.cells[column];
        if (!a || !b) { return 0; }
        var na = a.classList.contains("missing"), nb = b.classList.contains("missing");
        if (na || nb) { return na - nb; }
        var va = a.getAttribute("data-v"), vb = b.getAttribute("data-v"), order;
        if (va !== null && vb !== null) { order = parseFloat(va) - parseFloat(vb); }
        else { order = a.textContent.localeCompare(b.textContent, "en", { numeric: true }); }
        return up ? order : -order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
});
"""
