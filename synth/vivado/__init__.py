# SPDX-License-Identifier: Apache-2.0
"""Vivado: reading its reports, running its flows, and a stand-in that checks the Tcl without it."""
