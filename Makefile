# SPDX-License-Identifier: GPL-2.0-only
#
# make            build every tool into build/
# make run        kvmq-why, then kvmq-top on this host, or a demo host if it has no VM (ARGS=...: kvmq-cpu)
# make check      all tests; make check-quick: those for every few minutes
# make help       the other targets

SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s%s\n' $(1) $(2))

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build

CC := gcc
CLANG ?= clang
# A machine without these has none yet: the targets below install or name them.
BPFTOOL ?= $(firstword $(shell command -v bpftool 2>/dev/null) /usr/sbin/bpftool)
ARCH := $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)

TOOLS := kvmq-cpu kvmq-exit kvmq-numa kvmq-io kvmq-why kvmq-top kvmq-diff kvmq-report kvmq-doctor
DAEMON := kvmqd
PROBES := sched overlap kvm numa block vmm virtqueue

WARNINGS := -Wall -Wextra -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -fno-strict-aliasing -pthread $(WARNINGS) $(CFLAGS) -I. -Iuser -I$(BUILD)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v2 -D__TARGET_ARCH_$(ARCH) $(WARNINGS) \
	-I. -Ivmlinux/$(ARCH) -isystem /usr/include/$(MULTIARCH)
LIBS := -lbpf -lelf -lz -ljansson -lcap-ng -lunistring -lsqlite3 -lm

# Atomic operations that return a value (5.12).
$(addprefix $(BUILD)/,overlap.bpf.o block.bpf.o virtqueue.bpf.o): BPF_CFLAGS += -mcpu=v3

# Everything in user/ but the mains is one library.
MAIN_SOURCES := $(TOOLS:kvmq-%=user/cmd/%.c) user/cmd/daemon.c
LIBRARY_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN_SOURCES),$(wildcard user/*/*.c)))
LIBRARY := $(BUILD)/libkvmq.a
SKELETONS := $(PROBES:%=$(BUILD)/%.skel.h)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
VMM_SOURCES := $(wildcard tests/vmm/*.c tests/vmm/*.S)
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/,empty empty.bpf.o empty_kvm.bpf.o empty_numa.bpf.o measure \
	residency cold record tiers crowd schedstats)

.PHONY: all install clean format lint sanitize run check check-matrix check-quick bench bench-programs fleet deb rpm fuzz help \
	vmm unit golden need-build need-check need-fuzz
all: $(TOOLS:%=$(BUILD)/%) $(BUILD)/$(DAEMON)

# What is built alone names the packages that it misses; run, check, check-quick, lint and bench install
# them. Whoever has their contents from elsewhere says NEED=no.
NEED ?= yes
need-build need-check need-fuzz: need-%:
	$(Q)$(if $(filter yes,$(NEED)),tools/setup --missing $*)

$(BUILD)/%.bpf.o: bpf/%.bpf.c | need-build
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $(@:.o=.full.o)
	$(Q)$(BPFTOOL) gen object $@ $(@:.o=.full.o)

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# The compiler's list of headers is exact only from the second build on.
$(filter $(BUILD)/user/probe/%,$(LIBRARY_OBJECTS)): | $(SKELETONS)

$(BUILD)/%.o: %.c | need-build
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(LIBRARY): $(LIBRARY_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/kvmq-top: LIBS += -lncursesw -ltinfo

$(BUILD)/kvmq-%: $(BUILD)/user/cmd/%.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(LIBS) $(LDFLAGS) -o $@

$(BUILD)/$(DAEMON): LIBS += -lmicrohttpd
$(BUILD)/$(DAEMON): $(BUILD)/user/cmd/daemon.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(LIBS) $(LDFLAGS) -o $@

$(BUILD)/tests/%: tests/unit/%.c $(wildcard tests/unit/*.h) $(LIBRARY) | need-check
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $< $(LIBRARY) $(LIBS) -lcmocka $(LDFLAGS) -o $@

$(BUILD)/tests/serve_text $(BUILD)/tests/test_web: LIBS += -lmicrohttpd

$(BUILD)/tests/%.so: tests/cli/%.c | need-build
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -shared $< -o $@

$(BUILD)/tests/vmm_flows: tests/cli/vmm_flows.c | need-build
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< -o $@

$(BUILD)/tests/%.bpf.o: tests/lab/%.bpf.c | need-build
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/tests/fifo: tests/lab/fifo.c $(BUILD)/tests/fifo.bpf.o | need-build
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LIBS) $(LDFLAGS) -o $@

$(BUILD)/vmm: $(VMM_SOURCES) $(wildcard tests/vmm/*.h) | need-build
	$(call say,VMM,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(WARNINGS) -pthread $(VMM_SOURCES) -o $@

$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bench/%: tests/bench/%.c
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(LIBS) $(LDFLAGS) -o $@

$(BUILD)/bench/residency $(BUILD)/bench/cold $(BUILD)/bench/record $(BUILD)/bench/tiers \
	$(BUILD)/bench/crowd $(BUILD)/bench/schedstats: $(LIBRARY)
vmm: $(BUILD)/vmm
unit: $(UNIT_TESTS) $(BUILD)/tests/serve_text $(BUILD)/tests/no_filter.so $(BUILD)/tests/fail_alloc.so \
	$(BUILD)/tests/vmm_flows $(BUILD)/tests/fifo

# Renews what the tools are expected to print of the scenes in tests/golden, and shows what has changed.
golden: all $(BUILD)/tests/test_golden
	tests/golden/run --update

# STRIP= keeps the symbols.
STRIP ?= -s
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/kvmq/schema $(DESTDIR)$(PREFIX)/share/doc/kvmq/doc/prometheus
	install -m 755 $(STRIP) $(TOOLS:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(STRIP) $(BUILD)/$(DAEMON) $(DESTDIR)$(PREFIX)/sbin
	install -m 644 doc/kvmq.7 doc/kvmq-metrics.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 $(TOOLS:%=doc/%.8) doc/kvmqd.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 doc/kvmq.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/kvmq-cpu
	install -m 644 doc/schema/*.json $(DESTDIR)$(PREFIX)/share/kvmq/schema
	install -m 644 LICENSE README.md $(DESTDIR)$(PREFIX)/share/doc/kvmq
	install -m 644 doc/*.md doc/*.svg $(DESTDIR)$(PREFIX)/share/doc/kvmq/doc
	install -m 644 doc/prometheus/* $(DESTDIR)$(PREFIX)/share/doc/kvmq/doc/prometheus
	for tool in $(filter-out kvmq-cpu,$(TOOLS)) $(DAEMON); do \
		ln -sf kvmq-cpu $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$tool; \
	done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	sed 's:/usr/sbin/:$(PREFIX)/sbin/:' doc/kvmqd.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/kvmqd.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/kvmqd.service
	install -m 644 doc/kvmqd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/kvmqd.conf
	install -m 644 doc/kvmqd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/kvmqd.conf
	install -m 644 doc/kvmqd.conf $(DESTDIR)$(PREFIX)/share/doc/kvmq/kvmqd.conf

clean:
	rm -rf $(BUILD)

FORMATTED := $(wildcard bpf/*.[ch] user/*/*.[ch] tests/unit/*.[ch] tests/vmm/*.[ch] tests/bench/*.[ch] \
	tests/fuzz/*.[ch] tests/lab/*.[ch])

format:
	clang-format -i $(FORMATTED)

lint:
	$(Q)tools/setup build check lint
	$(Q)$(MAKE) --no-print-directory $(SKELETONS)
	clang-format --dry-run -Werror $(FORMATTED)
	BUILD=$(BUILD) tools/lint

# Same sources, another folder; the unit and golden tests run on it.
sanitize:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize all unit \
		CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

run:
	$(Q)tools/setup build
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tools/run $(ARGS)

# When it began, packages and build included.
check check-matrix: export KVMQ_TESTS_BEGIN := $(shell echo $$EPOCHSECONDS)
check-matrix: export MATRIX = 1
check check-matrix:
	$(Q)tools/setup build check lab
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all vmm unit sanitize
	$(Q)tests/run all

check-quick:
	$(Q)tools/setup build check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all vmm unit
	$(Q)tests/run quick

bench:
	$(Q)tools/setup build bench
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all vmm bench-programs
	$(Q)tests/bench/run $(ARGS)

bench-programs: $(BENCH_PROGRAMS)

# Of nothing but Prometheus, VictoriaMetrics if it is installed, and Python: minutes, and gigabytes.
fleet:
	$(Q)tools/setup prometheus
	$(Q)tests/fleet/run $(ARGS)

# Packages of what is committed, in $(BUILD)/deb and $(BUILD)/rpm.
deb rpm:
	$(Q)tools/setup build $@
	$(Q)BUILD=$(BUILD) tools/$@

# What libFuzzer finds stays in $(BUILD)/fuzz. One at a time: make fuzz FUZZ=qmp.
FUZZ_SECONDS ?= 600
FUZZ ?= guest_report command_line qmp proc_files recording wire
FUZZ_CC := $(CLANG) -std=gnu17 -D_GNU_SOURCE -O1 -g -pthread $(WARNINGS) -I. -Iuser \
	-fno-sanitize-recover=all
FUZZED := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(wildcard $(addprefix user/,$(addsuffix /*.c,base model recording wire host \
	disks guests))))

$(BUILD)/fuzz/%.o: %.c | need-build need-fuzz
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c $< -o $@

$(addprefix $(BUILD)/fuzz/run_,$(FUZZ)): $(BUILD)/fuzz/run_%: tests/fuzz/%.c $(FUZZED) $(wildcard tests/fuzz/*.h)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $(filter %.c %.o,$^) $(LIBS) -o $@

# Recordings begin with those of the golden scenes: of nothing, it would take long to come to one.
fuzz: $(addprefix $(BUILD)/fuzz/run_,$(FUZZ)) $(BUILD)/tests/test_golden $(BUILD)/tests/test_golden_feed
	$(Q)for target in $(FUZZ); do \
		mkdir -p $(BUILD)/fuzz/$$target.corpus; \
		BUILD=$(BUILD) tests/fuzz/seed $$target $(BUILD)/fuzz/$$target.corpus && \
		$(BUILD)/fuzz/run_$$target -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$$target.corpus || exit 1; \
	done

help:
	@sed -n 's/^# \{0,1\}//;3,6p' Makefile
	@echo "make install    PREFIX=$(PREFIX), DESTDIR for packages; STRIP= keeps symbols"
	@echo "make check-matrix   make check, with every scenario on every kernel that can: hours"
	@echo "make lint       clang-format, clang-tidy, cppcheck; make format mends the first"
	@echo "make sanitize   everything again with ASan and UBSan, in build/sanitize"
	@echo "make bench      what looking costs"
	@echo "make fleet      what a fleet of 200 hosts costs Prometheus: ARGS='--hosts 20', see --help"
	@echo "make deb        a package for this Debian, in $(BUILD)/deb; make rpm: an RPM"
	@echo "make golden     renews what the tools are expected to print, and shows what has changed"
	@echo "make fuzz       what strangers write, by libFuzzer: FUZZ='$(FUZZ)', each for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make clean"

-include $(wildcard $(BUILD)/*.d $(BUILD)/user/*/*.d $(BUILD)/tests/*.d)
