# SPDX-License-Identifier: Apache-2.0
# A thin face: every verb is `python3 -m sim VERB NAME=value ...`, and `make` alone prints the list.

PYTHON ?= python3
VERBS  := help sim network speed test lint train quantize package synth bench report registers setup clean

.DEFAULT_GOAL := help
.PHONY: $(VERBS)
.NOTPARALLEL:

# Variables on make's command line reach python through MAKEFLAGS: no shell in between sees them.
$(VERBS):
	@PLUTARCH_MAKE=1 $(PYTHON) -m sim $@

# An unknown goal gets python's answer, which names the nearest verb.
%:
	@PLUTARCH_MAKE=1 $(PYTHON) -m sim $@

Makefile: ;
