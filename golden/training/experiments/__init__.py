# SPDX-License-Identifier: Apache-2.0
"""Experiments over many runs: the ablation of the regulariser, the tables of the paper."""
