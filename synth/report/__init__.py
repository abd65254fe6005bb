# SPDX-License-Identifier: Apache-2.0
"""`make report`: one page and one Markdown file out of the records of all flows (docs/report.md).

load -> sections (lanes, memory, accelerators, claims, losses, others) -> page or markdown.
"""
