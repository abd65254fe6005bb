# SPDX-License-Identifier: Apache-2.0
"""The open flow for the KV260's part: Yosys for xcup, then our own counts, clock and energy."""
