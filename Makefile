# SPDX-License-Identifier: GPL-2.0-or-later
#
# staticdax: the only makefile. `make help` lists the targets.
#
# Knobs, all overridable on the command line or from the environment:
#   CC CLANG LLVM_STRIP BPFTOOL PKG_CONFIG   tools
#   CFLAGS LDFLAGS CPPFLAGS                  the user's own, after ours
#   PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR
#   UNITDIR SYSCONFDIR BASHDIR ZSHDIR FISHDIR
#                                            where install puts things
#   DESTDIR                                  staging root of install
#   STATIC=no                                without staticdax-static
#   V=1                                      show the commands
#   KERNELS="6.1 6.12"                       kernels of the VM tests
#   WHAT="reason work"                       what bench measures
#   KERNEL=6.12                              kernel of vm-shell and demo
#   HOST=1                                   demo on this machine's own kernel

VERSION := 1.0.0
SOMAJOR := 1
# The same, to tell which of two programs is the later: 1.2.3 is 0x010203.
PROGRAMS := $(shell echo $(VERSION) | awk -F. '{ print $$1 * 65536 + $$2 * 256 + int($$3) }')

CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool 2>/dev/null || \
	     { test -x /usr/sbin/bpftool && echo /usr/sbin/bpftool; })
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
STATIC ?= yes
B := build
COMMANDS := $(B)/staticdax $(if $(filter yes,$(STATIC)),$(B)/staticdax-static)
BOOT_UNITS := $(patsubst systemd/%.in,$(B)/systemd/%,$(wildcard systemd/*.in))

ifeq ($(V),1)
Q :=
msg =
else
Q := @
msg = @printf '  %-8s %s\n' "$(1)" "$(2)";
endif

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all static clean help install uninstall check check-vm test test-programs \
	conformance demo bench vm-shell deb rpm tools FORCE

all: $(COMMANDS) $(B)/libstaticdax.a \
     $(B)/libstaticdax.so $(B)/libstaticdax.pc $(BOOT_UNITS)

# One file that needs no other, for an initramfs.
static: $(B)/staticdax-static

help:
	@echo 'all        build/staticdax, -static, libstaticdax.{a,so}; STATIC=no'
	@echo 'static     build/staticdax-static alone, which needs no library'
	@echo 'check      unit tests; no root, no VM'
	@echo 'check-vm   the kernel tests in VMs; KERNELS="6.1 6.12" selects'
	@echo 'test       check and check-vm, with what they need installed'
	@echo 'bench      what it costs, in VMs; WHAT="run reason work", KERNELS='
	@echo 'conformance  make docs/conformance.md anew; runs VMs for long'
	@echo 'demo       a guided tour in a VM; HOST=1: on this machine'
	@echo 'vm-shell   a shell in a VM with everything mounted; KERNEL=6.12'
	@echo 'install    PREFIX, DESTDIR; uninstall takes it all away again'
	@echo 'deb        Debian packages, in build/deb; DEBS= names another place'
	@echo 'rpm        rpm packages, in build/rpm; RPMBUILD_FLAGS="--with static"'

# ---- tools: looked up, overridable, and their absence explained -------------

define need
	@command -v $(1) >/dev/null 2>&1 || { \
		echo "staticdax: $(1) is missing: $(2)" >&2; exit 1; }
endef

tools: $(B)/.tools

$(B)/.tools:
	$(call need,$(CC),install gcc or set CC=)
	$(call need,$(CLANG),install clang or set CLANG=)
	$(call need,$(or $(BPFTOOL),bpftool),install bpftool or set BPFTOOL=)
	$(call need,$(PKG_CONFIG),install pkg-config or set PKG_CONFIG=)
	@for p in libbpf libelf zlib json-c yaml-0.1 libxxhash; do \
		$(PKG_CONFIG) --exists $$p || { \
			echo "staticdax: $$p is missing: install its -dev" \
			     "package, or set PKG_CONFIG_PATH" >&2; exit 1; }; \
	done
	@echo '#include <xfs/xfs.h>' | $(CC) -E - >/dev/null 2>&1 || { \
		echo 'staticdax: xfs/xfs.h is missing: install xfslibs-dev' \
		     '(xfsprogs-devel)' >&2; exit 1; }
	@mkdir -p $(@D) && touch $@

# ---- flags: a change of any of them rebuilds ---------------------------------

LIBS := libbpf libelf zlib libxxhash
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBS) json-c yaml-0.1)
LIB_LIBS = $(shell $(PKG_CONFIG) --libs $(LIBS))
LIB_STATIC = $(shell $(PKG_CONFIG) --static --libs $(LIBS))
CLI_LIBS = $(shell $(PKG_CONFIG) --libs json-c yaml-0.1)
CLI_STATIC = $(shell $(PKG_CONFIG) --static --libs json-c yaml-0.1)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	    -Wformat=2 -Wvla
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2
BASE_CFLAGS = -std=gnu11 -O2 -g $(WARNINGS) $(HARDENING) -fPIC \
	      -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=. \
	      -Iinclude -Iloader -I$(B) -DSTATICDAX_VERSION='"$(VERSION)"' \
	      -DSDAX_PROGRAMS=$(PROGRAMS) $(LIB_CFLAGS)
ALL_CFLAGS = $(BASE_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now $(LDFLAGS)

MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 \
	      -Wall -Wextra -Wno-unused-parameter \
	      -ffile-prefix-map=$(CURDIR)=. -Iinclude -Ivmlinux -Ibpf \
	      $(addprefix -I/usr/include/,$(MULTIARCH))

FLAGS = $(CC) $(CLANG) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(BPF_CFLAGS) $(LIB_SRC)

$(B)/.flags: FORCE | $(B)/.tools
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

# ---- BPF: .bpf.c -> .bpf.o -> linked object -> skeleton -----------------------

ENFORCE := decide token hooks roots

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,BPF,$<) $(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(B)/enforce.bpf.o: $(ENFORCE:%=$(B)/bpf/%.bpf.o)
	$(call msg,BPFLINK,$@) $(BPFTOOL) gen object $@ $^

$(B)/inspect.bpf.o $(B)/edit.bpf.o: $(B)/%.bpf.o: $(B)/bpf/%.bpf.o
	$(call msg,BPFLINK,$@) $(BPFTOOL) gen object $@ $^

$(B)/guard.bpf.o: $(B)/bpf/guard.bpf.o $(B)/bpf/door.bpf.o
	$(call msg,BPFLINK,$@) $(BPFTOOL) gen object $@ $^

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call msg,SKEL,$@) $(BPFTOOL) gen skeleton $< name $(*F)_bpf >$@

# ---- library and command -------------------------------------------------------

LIB_SRC := allocate ask_bpf ask_system barrier blockdev canary carve census create \
	   crosscheck daxctl_compat device directory dm door drift edit engine entry \
	   events exchange extents fill fit flights gone guard guard_list guard_state \
	   guard_trial handle holders hot inspect kernfuncs lease libstaticdax lock loops lsm \
	   map mend metadata metrics mounts prepare privilege probe query \
	   recent relocate roots runs seal seal_lock seen store subvolume survey target \
	   unnamed unseal upgrade verdict verify words
CLI_SRC := $(filter-out $(LIB_SRC:%=loader/%.c),$(wildcard loader/*.c))
LIB_OBJ := $(LIB_SRC:%=$(B)/loader/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(B)/%.o)

$(B)/loader/engine.o: $(B)/enforce.skel.h
$(B)/loader/inspect.o: $(B)/inspect.skel.h
$(B)/loader/guard.o: $(B)/guard.skel.h
$(B)/loader/edit.o: $(B)/edit.skel.h

$(B)/loader/%.o: loader/%.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,CC,$<) $(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/libstaticdax.a: $(LIB_OBJ)
	$(call msg,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(B)/libstaticdax.so.$(VERSION): $(LIB_OBJ) loader/libstaticdax.map
	$(call msg,LD,$@) $(CC) -shared $(ALL_LDFLAGS) -Wl,-z,defs \
		-Wl,-soname,libstaticdax.so.$(SOMAJOR) \
		-Wl,--version-script=loader/libstaticdax.map \
		$(LIB_OBJ) $(LIB_LIBS) -o $@

$(B)/libstaticdax.so: $(B)/libstaticdax.so.$(VERSION)
	$(Q)ln -sf $(<F) $(B)/libstaticdax.so.$(SOMAJOR)
	$(Q)ln -sf $(<F) $@

$(B)/staticdax: $(CLI_OBJ) $(B)/libstaticdax.a
	$(call msg,LD,$@) $(CC) -pie $(ALL_LDFLAGS) $^ $(LIB_LIBS) \
		$(CLI_LIBS) -o $@

$(B)/staticdax-static: $(CLI_OBJ) $(B)/libstaticdax.a
	$(call msg,LD,$@) $(CC) -static-pie $(ALL_LDFLAGS) $^ $(LIB_STATIC) \
		$(CLI_STATIC) -o $@

# ---- what names where things are installed ---------------------------------

PATHS = PREFIX BINDIR LIBDIR INCLUDEDIR SYSCONFDIR VERSION

$(B)/.paths: FORCE
	@mkdir -p $(@D)
	@echo '$(foreach p,$(PATHS),$($(p)))' | cmp -s - $@ || \
		echo '$(foreach p,$(PATHS),$($(p)))' >$@

define fill_in
	@mkdir -p $(@D)
	$(Q)sed $(foreach p,$(PATHS),-e 's|@$(p)@|$($(p))|g') $< >$@
endef

$(B)/libstaticdax.pc: loader/libstaticdax.pc.in $(B)/.paths
	$(fill_in)

$(B)/systemd/%: systemd/%.in $(B)/.paths
	$(fill_in)

# ---- tests -----------------------------------------------------------------------
# Unit tests are built from sources, with sanitizers; each names what it is made
# of. What runs in the VMs is static.

T := $(B)/tests
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_LIBS = $(LIB_LIBS) $(CLI_LIBS)

UNIT_device := device dm blockdev mounts
UNIT_carve := carve
UNIT_drift := verdict
UNIT_entry := entry
UNIT_fstab := fstab mounts
UNIT_extents := extents verdict $(UNIT_device)
UNIT_journal := journal
UNIT_pages := pages
UNIT_plan := plan fstab mounts policy size words
UNIT_policy := policy size words
UNIT_hot := hot
UNIT_probe := probe ask_bpf ask_system guard_state lsm blockdev mounts
UNIT_progress := progress log quote
UNIT_quote := quote
UNIT_rate := rate
UNIT_report := report json quote size words
UNIT_runs := runs
UNIT_size := size
UNIT_survey := survey words
UNIT_verdict := verdict
UNIT_words := words
UNITS := carve device drift entry extents fstab hot journal pages plan policy probe progress \
	 quote rate report runs size survey verdict words

define unit_rule
$(T)/unit/$(1): tests/unit/test_$(1).c $(2:%=loader/%.c) $(wildcard loader/*.h) \
		include/staticdax.h include/staticdax_abi.h tests/tap.h $(B)/.flags
	@mkdir -p $$(@D)
	$$(call msg,TEST,$$@) $(CC) $(BASE_CFLAGS) $(SANITIZE) -Itests \
		tests/unit/test_$(1).c $(2:%=loader/%.c) -o $$@ $(UNIT_LIBS)
endef
$(foreach u,$(UNITS),$(eval $(call unit_rule,$(u),$(UNIT_$(u)))))

# It includes the source, to have the lists elsewhere.
$(T)/unit/drift: loader/drift.c

$(T)/unit/abi: tests/unit/test_abi.c include/staticdax_abi.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) $(BASE_CFLAGS) $(SANITIZE) -Itests $< -o $@

$(T)/unit/sizes: tests/unit/test_sizes.c $(B)/libstaticdax.a tests/tap.h
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) $(BASE_CFLAGS) -Itests $< $(B)/libstaticdax.a \
		-o $@ $(LIB_STATIC)

$(T)/fuzz_extents: tests/fuzz/fuzz_extents.c loader/verdict.c loader/verdict.h \
		$(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) $(BASE_CFLAGS) $(SANITIZE) -Itests \
		tests/fuzz/fuzz_extents.c loader/verdict.c -o $@ $(UNIT_LIBS)

# The library and the command as they are, with a kernel that answers anything.
READERS_SRC := tests/fuzz/fuzz_readers.c $(filter-out loader/cmd_% loader/main.c \
	       loader/args.c loader/help.c,$(CLI_SRC)) $(LIB_SRC:%=loader/%.c)

$(T)/fuzz_readers: $(READERS_SRC) $(wildcard loader/*.h) $(B)/enforce.skel.h \
		$(B)/inspect.skel.h $(B)/edit.skel.h include/staticdax.h \
		include/staticdax_abi.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) $(BASE_CFLAGS) $(SANITIZE) -Itests \
		-Wl,--wrap=access -Wl,--wrap=stat $(READERS_SRC) -o $@ $(UNIT_LIBS)

FAKE_CLI := $(filter-out loader/quote.c,$(CLI_SRC)) loader/quote.c \
	    loader/words.c loader/mounts.c tests/unit/fake_lib.c

$(T)/staticdax-fake: $(FAKE_CLI) $(wildcard loader/*.h) include/staticdax.h \
		include/staticdax_abi.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) $(BASE_CFLAGS) $(SANITIZE) $(FAKE_CLI) -o $@ \
		$(CLI_LIBS)

CONTRACT_SRC := $(filter-out %/contract32.c,$(wildcard tests/hooks/*.c))

$(T)/contract: $(CONTRACT_SRC) $(wildcard tests/hooks/*.h) tests/tap.h \
		$(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) -Itests \
		$(CONTRACT_SRC) -o $@ -lpthread

# The same program on 32 bit, where the kernel takes other paths.
$(T)/contract-32bit: $(CONTRACT_SRC) $(wildcard tests/hooks/*.h) tests/tap.h \
		$(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
		-std=gnu11 -O1 -g -static $(WARNINGS) -Itests \
		$(filter-out %/ops_abi32.c,$(CONTRACT_SRC)) -o $@ -lpthread

$(T)/contract32: tests/hooks/contract32.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -m32 -static -nostdlib -fno-pie -no-pie \
		-fno-stack-protector -O1 -Wall $< -o $@

# What the hostile programs have in common with the contract.
HOSTILE_HOOKS := answer file loop tool uring xfs_ioctl
MUTATE_SRC := $(wildcard tests/hostile/acts_*.c) tests/hostile/mutate.c \
	      tests/hostile/prey.c $(HOSTILE_HOOKS:%=tests/hooks/%.c)

$(T)/mutate: $(MUTATE_SRC) $(wildcard tests/hostile/*.h tests/hooks/*.h) \
		tests/tap.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) \
		$(MUTATE_SRC) -o $@ -lpthread

# BPF programs that only tests load
$(B)/tests/%.bpf.o: tests/hostile/%.bpf.c tests/hostile/%.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,BPF,$<) $(CLANG) $(BPF_CFLAGS) -Itests/hostile -MMD -MP -c $< -o $@

$(T)/tripwire: tests/hostile/tripwire.c tests/hostile/tripwire.h \
		$(T)/tripwire.skel.h $(B)/.flags
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) -I$(T) \
		$< -o $@ $(LIB_STATIC)

RACE_SRC := tests/hostile/seal_race.c tests/hostile/mutators.c tests/hooks/swapfile.c \
	    $(HOSTILE_HOOKS:%=tests/hooks/%.c)

$(T)/seal_race: $(RACE_SRC) $(wildcard tests/hostile/*.h tests/hooks/*.h) \
		tests/tap.h $(B)/libstaticdax.a $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) -Iinclude \
		$(RACE_SRC) $(B)/libstaticdax.a -o $@ $(LIB_STATIC)

PREEMPT_SRC := tests/hostile/preempt.c tests/hostile/prey.c tests/hooks/answer.c \
	       tests/hooks/file.c

$(T)/preempt: $(PREEMPT_SRC) $(wildcard tests/hostile/*.h tests/hooks/*.h) \
		tests/tap.h $(T)/slow.skel.h $(B)/.flags
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) -I$(T) \
		$(PREEMPT_SRC) -o $@ $(LIB_STATIC)

SHORTAGE_SRC := tests/hostile/shortage.c tests/hostile/prey.c tests/hooks/answer.c \
		tests/hooks/file.c

$(T)/shortage: $(SHORTAGE_SRC) $(wildcard tests/hostile/*.h tests/hooks/*.h) \
		tests/tap.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) \
		$(SHORTAGE_SRC) -o $@ $(LIB_STATIC)

$(T)/fill_map: tests/hostile/fill_map.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) $< -o $@ \
		$(LIB_STATIC)

$(T)/%: tests/lib/%.c $(B)/libstaticdax.a tests/tap.h tests/persist.h
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g -static $(WARNINGS) -Iinclude \
		-Itests $< $(B)/libstaticdax.a -o $@ $(LIB_STATIC)

$(T)/objects: tests/programs/objects.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g $(WARNINGS) $< -o $@ -lpmemobj

$(T)/passthrough: tests/programs/passthrough.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O1 -g $(WARNINGS) $< -o $@

# Programs that tests load into the kernel beside ours.
$(T)/%.bpf.o: tests/bpf/%.bpf.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,BPF,$<) $(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

BPF_TESTS := $(patsubst tests/bpf/%.c,$(T)/%.o,$(wildcard tests/bpf/*.c))

# The command as other versions would be: one of the same layouts that is later,
# and one of other layouts.

LATER := $(B)/later
FOREIGN := $(B)/foreign
FOREIGN_OBJ := $(FOREIGN)/engine.o $(FOREIGN)/query.o $(FOREIGN)/store.o

$(LATER)/handle.o: loader/handle.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,CC,$@) $(CC) $(ALL_CFLAGS) -USDAX_PROGRAMS \
		-DSDAX_PROGRAMS=0x7fffffff -MMD -MP -c $< -o $@

$(T)/staticdax-later: $(CLI_OBJ) $(LATER)/handle.o $(B)/libstaticdax.a
	@mkdir -p $(@D)
	$(call msg,LD,$@) $(CC) -static $(ALL_LDFLAGS) $^ $(LIB_STATIC) \
		$(CLI_STATIC) -o $@

$(FOREIGN)/decide.bpf.o: bpf/decide.bpf.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,BPF,$@) $(CLANG) $(BPF_CFLAGS) -DSDAX_ABI_VERSION=255 \
		-MMD -MP -c $< -o $@

$(FOREIGN)/enforce.bpf.o: $(FOREIGN)/decide.bpf.o \
		$(patsubst %,$(B)/bpf/%.bpf.o,$(filter-out decide,$(ENFORCE)))
	$(call msg,BPFLINK,$@) $(BPFTOOL) gen object $@ $^

$(FOREIGN)/enforce.skel.h: $(FOREIGN)/enforce.bpf.o
	$(call msg,SKEL,$@) $(BPFTOOL) gen skeleton $< name enforce_bpf >$@

$(FOREIGN_OBJ): $(FOREIGN)/%.o: loader/%.c $(FOREIGN)/enforce.skel.h \
		$(B)/.flags
	$(call msg,CC,$@) $(CC) -I$(FOREIGN) $(ALL_CFLAGS) \
		-DSDAX_ABI_VERSION=255 -MMD -MP -c $< -o $@

$(T)/staticdax-foreign: $(CLI_OBJ) $(FOREIGN_OBJ) $(B)/libstaticdax.a
	@mkdir -p $(@D)
	$(call msg,LD,$@) $(CC) -static $(ALL_LDFLAGS) $^ $(LIB_STATIC) \
		$(CLI_STATIC) -o $@

LIB_TESTS := $(patsubst tests/lib/%.c,$(T)/%,$(wildcard tests/lib/*.c))
EXAMPLES := $(patsubst examples/%.c,$(T)/example_%,$(wildcard examples/*.c)) \
	    $(T)/example_seal

$(T)/example_%: examples/%.c $(B)/libstaticdax.a
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O2 -static $(WARNINGS) -Iinclude $< \
		$(B)/libstaticdax.a -o $@ $(LIB_STATIC)

# libpmem2 needs libraries that there are as shared ones only.
$(T)/example_pmem2_store: examples/pmem2_store.c include/staticdax.h \
		$(B)/libstaticdax.a
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O2 $(WARNINGS) -Iinclude $< \
		$(B)/libstaticdax.a -o $@ $(LIB_LIBS) -lpmem2

$(T)/example_seal: examples/seal.cpp include/staticdax.h $(B)/libstaticdax.a
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CXX) -std=c++11 -O2 -static -Wall -Wextra -pedantic \
		-Werror -Iinclude $< $(B)/libstaticdax.a -o $@ $(LIB_STATIC)

# ---- costs: bench/ measures, tests/ keep them from growing ------------------------

$(B)/bench/%.bpf.o: bench/%.bpf.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,BPF,$<) $(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(B)/bench/ops: bench/ops.c $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O2 -g -static $(WARNINGS) $< -o $@ \
		-luring

$(B)/bench/%: bench/%.c $(B)/libstaticdax.a
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O2 -g -static $(WARNINGS) -Iinclude \
		-Iloader $< $(B)/libstaticdax.a -o $@ $(LIB_STATIC)

# What asks nothing of the library
PLAIN_BENCH := $(patsubst %,$(B)/bench/%,bare fanotify fragment landlock many stores timed)

$(PLAIN_BENCH): $(B)/bench/%: bench/%.c tests/persist.h $(B)/.flags
	@mkdir -p $(@D)
	$(call msg,TEST,$@) $(CC) -std=gnu11 -O2 -g -static $(WARNINGS) -Itests $< -o $@

BENCH := $(B)/bench/ops $(B)/bench/floor $(B)/bench/floor.bpf.o \
	$(B)/bench/verifier $(PLAIN_BENCH)

test-programs: all $(BENCH) $(UNITS:%=$(T)/unit/%) $(T)/unit/abi $(T)/unit/sizes $(T)/fuzz_extents \
	$(T)/fuzz_readers $(T)/staticdax-fake $(T)/staticdax-later \
	$(T)/staticdax-foreign $(T)/contract $(T)/contract-32bit $(T)/contract32 \
	$(T)/mutate $(T)/seal_race $(T)/tripwire $(T)/fill_map $(T)/preempt $(T)/shortage \
	$(T)/objects $(T)/passthrough $(LIB_TESTS) $(BPF_TESTS) $(EXAMPLES)

check: test-programs
	tests/run.sh host

check-vm: test-programs
	KERNELS="$(KERNELS)" tests/run.sh vm

# run: on everybody else; reason: durable stores; work: of the commands themselves
WHAT ?= run reason work

bench: test-programs
	for what in $(WHAT); do bench/$$what.sh || exit 1; done

# Everything, on a machine that may have nothing yet.
test:
	tests/install-needs.sh
	$(MAKE) test-programs
	KERNELS="$(KERNELS)" tests/run.sh host vm

# The table of what every operation and program is answered, from a run of them on
# all kernels.
conformance: test-programs
	PARTS="contract-dax contract-disk contract-ways programs-ext4-dax programs-xfs-dax \
		filesystems attach nfs" SHORT=yes tests/run.sh vm
	tests/conformance.py $(B)/test-logs/*.tap >$(B)/conformance.md
	mv $(B)/conformance.md docs/conformance.md

demo:
	tests/install-needs.sh
	$(MAKE) all $(T)/mmap_writer
	KERNEL="$(KERNEL)" HOST="$(HOST)" tests/demo/run.sh

vm-shell: test-programs
	tests/vm/run.sh $(if $(KERNEL),-k $(KERNEL)) --shell

# ---- install ----------------------------------------------------------------------

MAN := $(wildcard man/*.[1-9])

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSCONFDIR)/staticdax.d $(DESTDIR)$(DATADIR)/staticdax
	install -m 755 $(COMMANDS) $(DESTDIR)$(BINDIR)
	install -m 644 $(B)/libstaticdax.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(B)/libstaticdax.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libstaticdax.so.$(VERSION) \
		$(DESTDIR)$(LIBDIR)/libstaticdax.so.$(SOMAJOR)
	ln -sf libstaticdax.so.$(SOMAJOR) $(DESTDIR)$(LIBDIR)/libstaticdax.so
	install -m 644 $(B)/libstaticdax.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 include/staticdax.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 share/staticdax.rules.yml $(DESTDIR)$(DATADIR)/staticdax
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 loader/staticdax.bash $(DESTDIR)$(BASHDIR)/staticdax
	install -m 644 loader/staticdax.zsh $(DESTDIR)$(ZSHDIR)/_staticdax
	install -m 644 loader/staticdax.fish $(DESTDIR)$(FISHDIR)/staticdax.fish
	install -m 644 $(BOOT_UNITS) $(DESTDIR)$(UNITDIR)
	for m in $(MAN); do d=$(DESTDIR)$(MANDIR)/man$${m##*.}; \
		install -d $$d && install -m 644 $$m $$d || exit 1; done

# Policies, and whatever others have put beside, stay.
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/staticdax $(DESTDIR)$(BINDIR)/staticdax-static
	rm -f $(DESTDIR)$(LIBDIR)/libstaticdax.a $(DESTDIR)$(LIBDIR)/libstaticdax.so \
		$(DESTDIR)$(LIBDIR)/libstaticdax.so.$(SOMAJOR) \
		$(DESTDIR)$(LIBDIR)/libstaticdax.so.$(VERSION) \
		$(DESTDIR)$(LIBDIR)/pkgconfig/libstaticdax.pc
	rm -f $(DESTDIR)$(INCLUDEDIR)/staticdax.h
	rm -f $(DESTDIR)$(DATADIR)/staticdax/staticdax.rules.yml
	rm -f $(DESTDIR)$(BASHDIR)/staticdax $(DESTDIR)$(ZSHDIR)/_staticdax \
		$(DESTDIR)$(FISHDIR)/staticdax.fish
	rm -f $(BOOT_UNITS:$(B)/systemd/%=$(DESTDIR)$(UNITDIR)/%)
	for m in $(MAN); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}; done
	-rmdir $(DESTDIR)$(SYSCONFDIR)/staticdax.d $(DESTDIR)$(DATADIR)/staticdax \
		2>/dev/null

# ---- packages ---------------------------------------------------------------------
# Of the files that git has, as they are now, in a directory of their own.

DEBS ?= $(abspath $(B))/deb

deb:
	rm -rf $(DEBS)
	mkdir -p $(DEBS)/staticdax-$(VERSION)
	git ls-files -z | tar -c --null -T - | tar -x -C $(DEBS)/staticdax-$(VERSION)
	cd $(DEBS)/staticdax-$(VERSION) && dpkg-buildpackage -b -uc -us
	rm -rf $(DEBS)/staticdax-$(VERSION)

RPMS ?= $(abspath $(B))/rpm

rpm:
	rm -rf $(RPMS)
	mkdir -p $(RPMS)/top/SOURCES
	git ls-files -z | tar -cz --null -T - --transform 's,^,staticdax-$(VERSION)/,' \
		-f $(RPMS)/top/SOURCES/staticdax-$(VERSION).tar.gz
	rpmbuild -bb $(RPMBUILD_FLAGS) --define '_topdir $(RPMS)/top' rpm/staticdax.spec
	mv $(RPMS)/top/RPMS/*/*.rpm $(RPMS)
	rm -rf $(RPMS)/top

-include $(wildcard $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d)

clean:
	rm -rf $(B)
