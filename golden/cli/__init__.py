# SPDX-License-Identifier: Apache-2.0
"""The command line of golden: one file a command; nothing else imports it."""
