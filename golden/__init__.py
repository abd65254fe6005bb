# SPDX-License-Identifier: Apache-2.0
"""Reference models of plutarch: the integer core on numpy alone, training on torch."""
