# SPDX-License-Identifier: Apache-2.0
"""The host program: compiles a package for a built accelerator and runs it layer by layer."""
