# SPDX-License-Identifier: Apache-2.0
"""Bench of accelerator: what it adds to the engine, namely registers, wide beats, the job's end."""
