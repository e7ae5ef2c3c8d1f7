# What can be done here; `make help` reads the comments behind the targets.
# The longer recipes are scripts of the same name in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
UNITDIR ?= /etc/systemd/system
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Debian's own Go and the one from go.dev live in different places.
export PATH := $(PATH):/usr/local/go/bin:/usr/lib/go/bin

# How long each fuzz target runs: in `make test` briefly, in `make fuzz` as long as one likes.
FUZZTIME ?= 60s

.PHONY: help build run test check race soak bench conformance fuzz guest install uninstall clean

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

build: ## bin/vireo, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X vireo/internal/version.Version=$(VERSION)' -o bin/vireo ./cmd/vireo

run: ## everything from nothing: packages, libvirt, engine, a VM `demo` that is up
	@scripts/run

test: ## all tests, on real libvirt and QEMU; installs what they need
	@scripts/test

check: ## format, lint, house, vulnerabilities: what every change must pass
	@scripts/check

race: ## all tests under the race detector
	@scripts/test race

soak: ## the tests that repeat, fully: races, fault schedules, slow outsiders (hours)
	@scripts/test soak

bench: ## Vireo beside virsh, and the fake at scale; prints a table, writes docs/bench.md
	@scripts/test bench

conformance: ## crawls a running engine against a schema: SCHEMA=api.xsd [OPERATIONS=operations.tsv]
	@scripts/conformance "$(SCHEMA)" "$(OPERATIONS)"

fuzz: ## every fuzz target for FUZZTIME (60s)
	@scripts/fuzz "$(FUZZTIME)"

guest: ## the small guest of the tests; prints its folder
	@scripts/install-packages run
	@test/guest/build

install: build ## binary and systemd unit, under DESTDIR and PREFIX (/usr/local)
	install -D -m 0755 bin/vireo '$(DESTDIR)$(BINDIR)/vireo'
	install -d '$(DESTDIR)$(UNITDIR)'
	sed 's|@BINDIR@|$(BINDIR)|' packaging/vireo.service >'$(DESTDIR)$(UNITDIR)/vireo.service'
	chmod 0644 '$(DESTDIR)$(UNITDIR)/vireo.service'
	@if [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

uninstall: ## removes what install put there; data and guests stay
	@if [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ]; then systemctl disable --now vireo.service || true; fi
	rm -f '$(DESTDIR)$(BINDIR)/vireo' '$(DESTDIR)$(UNITDIR)/vireo.service'
	@if [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

clean: ## removes what was built here (not the guest, not any data)
	rm -rf bin dist .tools
