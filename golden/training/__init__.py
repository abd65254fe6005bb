# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training and conversion to integer packages. The only torch in golden."""
