# SPDX-License-Identifier: Apache-2.0
"""The harness: set up, build, run, guard, report. `python -m sim help` lists the verbs."""
