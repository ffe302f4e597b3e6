# `make short` makes a talking-head short, `make test` runs every test that needs no GPU. Both set up first what is missing.
.DEFAULT_GOAL := help
.PHONY: help short serve setup setup-serve setup-test setup-n8n tiny-models test known-area known-variables test-n8n bench \
  bench-gpu dist

SAMPLE := This short was made on my own computer. I typed two sentences, and the rest is local.
ifeq ($(origin SCRIPT),undefined)
SCRIPT := $(SAMPLE)
endif

# Values reach the program through the environment, as they were typed: no quote, newline, & or $ is interpreted.
override SCRIPT := $(value SCRIPT)
override VOICE := $(value VOICE)
override START := $(value START)
override DURATION := $(value DURATION)
override PORTRAIT := $(value PORTRAIT)
override PORTRAIT_PROMPT := $(value PORTRAIT_PROMPT)
override QUALITY := $(value QUALITY)
override SEED := $(value SEED)
override VOICE_RIGHTS := $(value VOICE_RIGHTS)
override OUT := $(value OUT)
override SERVER := $(value SERVER)
override SIZE := $(value SIZE)
override LANDSCAPE := $(value LANDSCAPE)
override TINY_MODELS := $(filter 1 y yes true,$(value TINY_MODELS))
override PYTHON := $(value PYTHON)
override AREA := $(value AREA)
export SCRIPT VOICE START DURATION PORTRAIT PORTRAIT_PROMPT QUALITY SEED VOICE_RIGHTS OUT SERVER SIZE LANDSCAPE PYTHON AREA

# What is given on the command line and was none of those: make would ignore a slip of the pen. Programs have variables, too.
KNOWN := SCRIPT VOICE START DURATION PORTRAIT PORTRAIT_PROMPT QUALITY SEED VOICE_RIGHTS OUT SERVER SIZE LANDSCAPE TINY_MODELS PYTHON AREA
OF_PROGRAMS := TALKINGSHORTS_% PYTEST_% NODE_% COMFYUI_% RAY_% HF_% AWS_% CUDA_% NVIDIA_% HIP_% ROCR_% TORCH_% OMP_% PIP_% PYTHON% NPM_% \
  GIT_% XDG_% LC_% LANG %PROXY %proxy PATH HOME TMPDIR SHELL MAKEFLAGS
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(OF_PROGRAMS),$(GIVEN))

# PYTHON as named; else the environment's own; else the first usable one. Each is run: a name on the PATH may be a dead shim.
define ON_BARE_PYTHON
set -- .venv/bin/python python3.12 python3.13 python3.11 python3; [ -z "$$PYTHON" ] || set -- "$$PYTHON"; \
for python; do \
  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
  PYTHONPATH=runner exec "$$python" -m talkingshorts.setup.$(1); \
done; \
echo "set-up: $${PYTHON:-no Python on the PATH} won't do: 3.11, 3.12 or 3.13 is needed. Try make setup PYTHON=/path/to/python3.12" >&2; exit 1
endef

help:
	@echo 'make short SCRIPT="What to say" [VOICE=URL or file] [START= DURATION=] [PORTRAIT=file | PORTRAIT_PROMPT="..."]'
	@echo '           [QUALITY=draft|fast|best] [SEED=] [VOICE_RIGHTS=1] [OUT=out/short.mp4] [SIZE=480x832 | LANDSCAPE=1]'
	@echo '           [SERVER=URL] [TINY_MODELS=1]'
	@echo 'make serve   the service, for many callers: http://127.0.0.1:8190'
	@echo 'make test    every test that needs no GPU'
	@echo 'make test AREA=runner/batch   the tests of one room alone: a folder or file below tests/unit and tests/server'
	@echo 'make test-n8n   the n8n workflows, in a real n8n (about 1.6 GB more, in .n8n)'
	@echo 'make bench   the benchmarks'
	@echo 'make bench-gpu   what the engines do on a CUDA GPU, at the real sizes: a line of JSON a check, 7 minutes'
	@echo 'make dist    the distributions of the runner and the pack, in dist'
	@echo 'make setup   only set up (about 6.5 GB, in .venv and .comfyui)'

short serve setup setup-serve setup-test setup-n8n test test-n8n bench bench-gpu dist: known-variables

known-variables:
	@$(if $(UNKNOWN),$(call ON_BARE_PYTHON,spelling $(UNKNOWN) -- $(KNOWN)),:)

setup:
	@$(call ON_BARE_PYTHON,bootstrap)

setup-serve:
	@$(call ON_BARE_PYTHON,bootstrap --serve)

setup-test:
	@$(call ON_BARE_PYTHON,bootstrap --test)

setup-n8n:
	@$(call ON_BARE_PYTHON,bootstrap --test --n8n)

short: setup $(if $(TINY_MODELS),tiny-models)
	@export TALKINGSHORTS_SURFACE=make; \
	  $(if $(TINY_MODELS),export TALKINGSHORTS_HOME=$(TINY_HOME) TALKINGSHORTS_TEST_TINY_ENCODERS=1 SIZE="$${SIZE:-128x224}";) \
	  .venv/bin/python -m talkingshorts make --script="$$SCRIPT" $${OUT:+-o "$$OUT"} $${QUALITY:+--quality="$$QUALITY"} \
	  $${VOICE:+--voice="$$VOICE"} $${START:+--start="$$START"} $${DURATION:+--duration="$$DURATION"} \
	  $${PORTRAIT:+--portrait="$$PORTRAIT"} $${PORTRAIT_PROMPT:+--portrait-prompt="$$PORTRAIT_PROMPT"} \
	  $${SEED:+--seed="$$SEED"} $${SERVER:+--server="$$SERVER"} $${SIZE:+--size="$$SIZE"} \
	  $(if $(filter 1 y yes true,$(LANDSCAPE)),--landscape) $(if $(filter 1 y yes true,$(VOICE_RIGHTS)),--voice-rights)

# Random weights in the real models' files, in a home of their own: with a small picture they try a whole graph anywhere.
TINY_HOME := .talkingshorts/tiny
tiny-models: setup
	@echo 'TINY_MODELS: the models are tiny, with random weights. Picture and voice will be noise.' >&2
	@PYTHONPATH=tests:custom_nodes .venv/bin/python -m support.tiny.home $(TINY_HOME)/base

# Two at a time, since each takes a ComfyUI and 5 GB; file by file in order, so that the long ones come first.
SIDE_BY_SIDE := --numprocesses=auto --maxprocesses=2 --dist=loadfile --no-loadscope-reorder

# An area is a folder or a file below tests/unit, tests/server or both; or a whole kind of tests.
KINDS := browser golden server unit
find_area = $(wildcard tests/unit/$(1) tests/server/$(1) $(addprefix tests/,$(filter $(KINDS),$(1))))
AREAS = $(sort $(KINDS) $(shell cd tests && find unit/* server/* -type d ! -name '__*' | sed -E 's,^[^/]+/,,'))
UNKNOWN_AREAS := $(strip $(foreach area,$(AREA),$(if $(call find_area,$(area)),,$(area))))

known-area:
	@$(if $(UNKNOWN_AREAS),echo "test: AREA=$$AREA names no tests. The areas are: $(AREAS)" >&2; exit 2,:)

# Types are checked beside the tests, on the core that a test leaves idle while it waits; what was found is told last.
ifneq ($(AREA),)
test: known-area setup-test
	.venv/bin/python -m pytest $(foreach area,$(AREA),$(call find_area,$(area)))
else
test: setup-test
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	@types=$$(mktemp) && trap 'rm -f "$$types"' EXIT; .venv/bin/python -m pyright >"$$types" 2>&1 & checking=$$!; \
	.venv/bin/python -m pytest $(SIDE_BY_SIDE); tested=$$?; \
	wait $$checking; checked=$$?; cat "$$types"; [ $$tested = 0 ] && [ $$checked = 0 ]
endif

serve: setup-serve
	@exec .venv/bin/python -m talkingshorts serve $${SERVER:+--server="$$SERVER"}

test-n8n: setup-n8n
	.venv/bin/python -m pytest tests/n8n

bench: setup
	@.venv/bin/python -m benchmarks

bench-gpu: setup
	@.venv/bin/python -m benchmarks.gpu

# From what is committed: nothing else that lies in the checkout gets into a release.
TREE := build/tree
dist: setup-test
	rm -rf $(TREE) dist && mkdir -p $(TREE) && git archive HEAD | tar -x -C $(TREE)
	.venv/bin/python -m build --no-isolation --outdir dist $(TREE)
	.venv/bin/python -m build --no-isolation --outdir dist $(TREE)/custom_nodes/comfyui_talkingshorts
	rm -rf $(TREE)
	.venv/bin/twine check --strict dist/*
