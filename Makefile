# make help lists the targets. A new .c file needs no edit here: a folder is an archive, and tests/layers.txt says
# which archives a program, or the test of a folder, is linked with.
.DEFAULT_GOAL := all
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      := gcc
# Programs are built for a fleet, not for this machine alone; ARCH=native gains little (OpenBLAS picks its own kernels).
ARCH    ?= $(if $(filter x86_64,$(shell uname -m)),x86-64-v3)
WERROR  ?= -Werror
OPTIMISE ?= -O2
SANITIZE ?=

PACKAGES := libzmq libczmq libprotobuf-c sqlite3 jansson libfyaml smartcols libxxhash
OPENBLAS := $(firstword $(wildcard /usr/lib/*/openblas-serial))
OPENBLAS_INCLUDE := $(firstword $(wildcard /usr/include/*/openblas-serial))

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
            -Wformat=2 -Wno-unused-parameter $(WERROR)
# -ffp-contract=off and no fast-math: the same seed gives the same bits.
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE $(OPTIMISE) -g $(WARNINGS) -ffp-contract=off -fno-math-errno -I. -I$(BUILD)/generated \
             -isystem $(OPENBLAS_INCLUDE) $(PKG_CFLAGS) $(SANITIZE) $(CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LIBS    := -Wl,--as-needed $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -L$(OPENBLAS) -lopenblas \
           -Wl,-rpath,$(OPENBLAS) -lmujoco -lm
LDFLAGS_ALL = $(SANITIZE) $(LDFLAGS)

# One line a file; make V=1 shows the whole commands.
say = $(if $(V),,@echo '  $(1) $(2)';)

LAYERS  := $(shell sed -n 's/^\([a-z][a-z/]*\):.*/\1/p' tests/layers.txt)
archive  = $(BUILD)/lib/$(subst /,_,$(1))$(2).a
sources  = $(filter-out %/main.c,$(wildcard $(1)/*.c))
# Everything that a layer may include, itself first.
$(foreach layer,$(LAYERS),$(eval CLOSURE_$(layer) := $(shell tests/closure.sh $(layer))))
closure  = $(CLOSURE_$(1))

PROGRAMS := ldt-coordinator ldt-worker ldt
MAIN_ldt-coordinator := coordinator/shell
MAIN_ldt-worker      := worker/shell
MAIN_ldt             := coordinator/cli

all: $(PROGRAMS:%=$(BUILD)/bin/%)   ## the three programs, in build/bin/

# ---- objects and archives; numeric folders are compiled twice, real = float and real = double -------------------------
$(BUILD)/generated/proto/ldt.pb-c.c $(BUILD)/generated/proto/ldt.pb-c.h &: proto/ldt.proto
	@mkdir -p $(BUILD)/generated
	$(call say,PROTOC,$<)protoc-c --c_out=$(BUILD)/generated $<

$(BUILD)/obj/proto/ldt.pb-c.o: $(BUILD)/generated/proto/ldt.pb-c.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_ALL) -w -c $< -o $@

$(BUILD)/generated/sql/schema.c: sql/embed.sh $(wildcard sql/*.sql)
	@mkdir -p $(@D)
	@sh sql/embed.sh >$@.part && mv $@.part $@

$(BUILD)/obj/sql/schema.o: $(BUILD)/generated/sql/schema.c coordinator/store/schema.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/generated/mujoco/models.c: $(wildcard worker/task/mujoco/embed.sh worker/task/mujoco/*.xml)
	@mkdir -p $(@D)
	@sh worker/task/mujoco/embed.sh >$@.part && mv $@.part $@

$(BUILD)/obj/mujoco/models.o: $(BUILD)/generated/mujoco/models.c worker/task/mujoco/models.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_ALL) $(FLAGS_$(firstword $(subst /, ,$*))) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.double.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$< (double))$(CC) $(CFLAGS_ALL) $(FLAGS_$(firstword $(subst /, ,$*))) -DREAL_IS_DOUBLE -MMD -MP -c $< -o $@

FLAGS_worker := $(if $(ARCH),-march=$(ARCH)) $(if $(SANITIZE),,-O3)

# Whatever includes the generated header must wait for it.
$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard proto/*.c coordinator/shell/*.c coordinator/cli/*.c worker/shell/*.c \
                                             tests/unit/proto/*.c)): \
    | $(BUILD)/generated/proto/ldt.pb-c.h

# Objects of generated files, beside those of a folder's own.
GENERATED_proto              := $(BUILD)/obj/proto/ldt.pb-c.o
GENERATED_coordinator/store  := $(BUILD)/obj/sql/schema.o
GENERATED_worker/task/mujoco := $(BUILD)/obj/mujoco/models.o
define layer_rules
$(call archive,$(1)): $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1))) $(GENERATED_$(1))
$(if $(filter worker/%,$(1)),$(call archive,$(1),.double): $(patsubst %.c,$(BUILD)/obj/%.double.o,$(call sources,$(1))) $(GENERATED_$(1)))
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rules,$(layer))))

%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^

link = $(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $(1) -Wl,--start-group $(2) -Wl,--end-group $(LIBS) $(3)
archives = $(foreach layer,$(call closure,$(1)),$(call archive,$(layer),$(if $(filter worker/%,$(layer)),$(2))))

define program_rules
$(BUILD)/bin/$(1): $(BUILD)/obj/$(MAIN_$(1))/main.o $(call archives,$(MAIN_$(1)))
	@mkdir -p $$(@D)
	$$(call link,$(BUILD)/obj/$(MAIN_$(1))/main.o,$(call archives,$(MAIN_$(1))))
endef
$(foreach program,$(PROGRAMS),$(eval $(call program_rules,$(program))))

# ---- tests -----------------------------------------------------------------------------------------------------------
# tests/unit/FOLDER/x_test.c is the test of FOLDER and linked with what FOLDER may include; tests/numeric/FOLDER/x_test.c
# likewise, once in float and once in double. tests/system/x.c is a tool that system tests run.
test_folder = $(patsubst tests/unit/%/,%,$(patsubst tests/numeric/%/,%,$(dir $(1))))
UNIT_TESTS    := $(shell find tests/unit -name '*_test.c')
NUMERIC_TESTS := $(shell find tests/numeric -name '*_test.c')
SIM_TESTS     := $(wildcard tests/sim/*_test.c)
SIM_LAYERS    := coordinator/core worker/agent proto
TEST_PROGRAMS := $(UNIT_TESTS:%.c=$(BUILD)/%) $(NUMERIC_TESTS:%.c=$(BUILD)/%.float) $(NUMERIC_TESTS:%.c=$(BUILD)/%.double) \
                 $(SIM_TESTS:%.c=$(BUILD)/%)
SYSTEM_TESTS  := $(sort $(wildcard tests/system/*_test.sh))
SYSTEM_TOOLS  := $(wildcard tests/system/*.c)

# test_rules: source, program, object, folders, precision suffix of the archives
define test_rules
$(2): $(3) $(foreach folder,$(4),$(call archives,$(folder),$(5)))
	@mkdir -p $$(@D)
	$$(call link,$(3),$(foreach folder,$(4),$(call archives,$(folder),$(5))),-lcmocka)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call test_rules,$(t),$(t:%.c=$(BUILD)/%),$(t:%.c=$(BUILD)/obj/%.o),$(call test_folder,$(t)))))
$(foreach t,$(SYSTEM_TOOLS),$(eval $(call test_rules,$(t),$(t:%.c=$(BUILD)/%),$(t:%.c=$(BUILD)/obj/%.o),coordinator/doctor proto)))
$(foreach t,$(SIM_TESTS),$(eval $(call test_rules,$(t),$(t:%.c=$(BUILD)/%),$(t:%.c=$(BUILD)/obj/%.o),$(SIM_LAYERS))))
$(foreach t,$(NUMERIC_TESTS),$(eval $(call test_rules,$(t),$(t:%.c=$(BUILD)/%.float),$(t:%.c=$(BUILD)/obj/%.o),$(call test_folder,$(t)))))
$(foreach t,$(NUMERIC_TESTS),$(eval $(call test_rules,$(t),$(t:%.c=$(BUILD)/%.double),$(t:%.c=$(BUILD)/obj/%.double.o),$(call test_folder,$(t)),.double)))

# ---- fuzzing: each target is fed its corpus in check; `make fuzz` looks for more -------------------------------------
FUZZ_LAYERS_decoder      := proto common
FUZZ_LAYERS_spec         := coordinator/spec
FUZZ_LAYERS_child_output := worker/shell
FUZZ_LAYERS_npy          := worker/task
FUZZ_LAYERS_npz          := worker/task
FUZZERS := decoder spec child_output npy npz
FUZZ_CLANG := BUILD=$(BUILD)/clang CC=clang ARCH= WERROR= OPTIMISE=-O1
define fuzz_rules
$(BUILD)/tests/fuzz/$(1): $(addprefix $(BUILD)/obj/tests/fuzz/,$(1).o replay.o) $(foreach folder,$(FUZZ_LAYERS_$(1)),$(call archives,$(folder)))
	@mkdir -p $$(@D)
	$$(call link,$(addprefix $(BUILD)/obj/tests/fuzz/,$(1).o replay.o),$(foreach folder,$(FUZZ_LAYERS_$(1)),$(call archives,$(folder))))
$(BUILD)/fuzz/$(1): $(BUILD)/obj/tests/fuzz/$(1).o $(foreach folder,$(FUZZ_LAYERS_$(1)),$(call archives,$(folder)))
	@mkdir -p $$(@D)
	$$(call link,$(BUILD)/obj/tests/fuzz/$(1).o,$(foreach folder,$(FUZZ_LAYERS_$(1)),$(call archives,$(folder))),-fsanitize=fuzzer)
endef
$(foreach target,$(FUZZERS),$(eval $(call fuzz_rules,$(target))))
TEST_PROGRAMS += $(FUZZERS:%=$(BUILD)/tests/fuzz/%)

fuzzers: $(FUZZERS:%=$(BUILD)/fuzz/%)
fuzz:   ## look for inputs that break the readers, with clang, libFuzzer and the sanitizers (ten minutes a target)
	$(MAKE) fuzzers $(FUZZ_CLANG) SANITIZE="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all"
	@sh tests/fuzz/run.sh $(BUILD)/clang

# tests/system/preload/x.c becomes x.so, for LD_PRELOAD: it stands between a real program and its libraries, and makes
# calls fail. Never sanitized: it is loaded into whatever the test runs.
PRELOADS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/system/preload/*.c))
$(BUILD)/tests/system/preload/%.so: tests/system/preload/%.c
	@mkdir -p $(@D)
	$(call say,SO,$<)$(CC) -std=c11 -D_GNU_SOURCE $(OPTIMISE) -g $(WARNINGS) -I. -fPIC -shared -o $@ $<
TOOLS := $(SYSTEM_TOOLS:%.c=$(BUILD)/%) $(PRELOADS)

check: all $(TEST_PROGRAMS) $(TOOLS)   ## build everything and run every test; the last line is the sum
	@sh tests/run.sh $(BUILD) tests/check_layers.sh tests/check_style.sh $(TEST_PROGRAMS) $(SYSTEM_TESTS)

FIXTURE_TESTS := $(filter %fixtures_test %fixtures_test.float %fixtures_test.double,$(TEST_PROGRAMS))
check-fixtures: $(FIXTURE_TESTS)   ## replay the recorded cases only; LDT_FIXTURES=DIR for others of the same layout
	@sh tests/run.sh $(BUILD) $(FIXTURE_TESTS)

sanitize:   ## every test again under the address and undefined-behaviour sanitizers
	$(MAKE) check BUILD=$(BUILD)/sanitize OPTIMISE=-O1 SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

torture: all $(UNIT_TESTS:%.c=$(BUILD)/%) $(SIM_TESTS:%.c=$(BUILD)/%) $(TOOLS) $(BUILD)/bench/service   ## faults by the thousand, minutes each; TORTURE="NAME..." for some
	@sh tests/torture/run.sh $(BUILD) $(TORTURE)

# ---- benchmarks: never part of check ---------------------------------------------------------------------------------
BENCH_LAYERS_trial   := worker/trial
BENCH_LAYERS_meta    := worker/meta
BENCH_LAYERS_conv    := worker/meta
BENCH_LAYERS_sampler := coordinator/search
BENCH_LAYERS_tpe     := coordinator/search
BENCH_LAYERS_service := proto
BENCH_LAYERS_fleet   := proto worker/agent
BENCH_LAYERS_store   := coordinator/store
BENCH_LAYERS_mujoco_statistics := worker/task
BENCHES := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
define bench_rules
$(BUILD)/bench/$(1): $(BUILD)/obj/tests/bench/$(1).o $(foreach folder,$(BENCH_LAYERS_$(1)),$(call archives,$(folder)))
	@mkdir -p $$(@D)
	$$(call link,$(BUILD)/obj/tests/bench/$(1).o,$(foreach folder,$(BENCH_LAYERS_$(1)),$(call archives,$(folder))))
endef
$(foreach bench,$(BENCHES),$(eval $(call bench_rules,$(bench))))

bench: all $(BENCHES:%=$(BUILD)/bench/%)   ## speed of everything, beside a peer or a machine limit (minutes)
	@sh tests/bench/run.sh $(BUILD)
bench-tpe: $(BUILD)/bench/tpe   ## quality of the samplers on F01 to F10; LDT_PEERS=DIR runs other samplers beside them
	@sh tests/bench/tpe.sh $(BUILD)
bench-mujoco: $(BUILD)/bench/mujoco_statistics   ## statistics of the MuJoCo data sets beside those of others (4 minutes the first time)
	$(BUILD)/bench/mujoco_statistics

# ---- the test of the tests ------------------------------------------------------------------------------------------
mutants:   ## small wrong changes to the state machines: how many do the tests notice? MUTANTS=N MUTANT_SEED=S for a sample
	@python3 tests/mutants/run.py $(BUILD) --sample $(or $(MUTANTS),0) --seed $(or $(MUTANT_SEED),1)
mutant-flags:
	@echo $(CFLAGS_ALL)
mutant-libraries:
	@echo $(LIBS)

# ---- use -------------------------------------------------------------------------------------------------------------
demo: all   ## a coordinator, two workers and a first search, in under three minutes
	@sh deploy/demo.sh $(BUILD)
fmt:   ## rewrite every source file in the project's format
	clang-format -i $$(git ls-files '*.c' '*.h')
lint:   ## layering, style and what the compiler's analyser says
	@sh tests/check_layers.sh && sh tests/check_style.sh
	$(MAKE) all BUILD=$(BUILD)/lint OPTIMISE="-O1 -fanalyzer -Wno-analyzer-malloc-leak"
INSTALL_DIRECTORIES := lib/systemd/system lib/sysusers.d share/ldt/systemd share/ldt/slurm share/ldt/kubernetes
install: all   ## into $(DESTDIR)$(PREFIX)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/ldt/searches" "$(DESTDIR)$(PREFIX)/share/ldt/sql"
	install $(PROGRAMS:%=$(BUILD)/bin/%) "$(DESTDIR)$(PREFIX)/bin/"
	for d in . paper paper-small; do install -d "$(DESTDIR)$(PREFIX)/share/ldt/searches/$$d" && \
	    install -m 644 deploy/searches/$$d/*.yaml "$(DESTDIR)$(PREFIX)/share/ldt/searches/$$d/" || exit 1; done
	install -m 644 deploy/searches/*.py "$(DESTDIR)$(PREFIX)/share/ldt/searches/"
	install -m 644 sql/*.sql "$(DESTDIR)$(PREFIX)/share/ldt/sql/"
	install -d $(INSTALL_DIRECTORIES:%="$(DESTDIR)$(PREFIX)/%")
	for d in slurm kubernetes; do install -m 644 deploy/$$d/* "$(DESTDIR)$(PREFIX)/share/ldt/$$d/" || exit 1; done
	install -m 644 deploy/systemd/README.md "$(DESTDIR)$(PREFIX)/share/ldt/systemd/"
	install -m 644 deploy/systemd/ldt.conf "$(DESTDIR)$(PREFIX)/lib/sysusers.d/"
	install -m 644 deploy/systemd/*.service "$(DESTDIR)$(PREFIX)/lib/systemd/system/"
	sed -i 's|/usr/local/bin/|$(PREFIX)/bin/|' "$(DESTDIR)$(PREFIX)"/lib/systemd/system/ldt-*.service
clean:   ## remove build/
	rm -rf $(BUILD)
help:   ## this list
	@sed -n 's/^\([a-z-]*\):.*## *\(.*\)/\1\t\2/p' Makefile | expand -t 18

.PHONY: all check check-fixtures sanitize torture bench bench-tpe bench-mujoco fuzz fuzzers demo fmt lint install clean help mutants mutant-flags mutant-libraries
.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
