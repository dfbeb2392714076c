# The whole course. `make help` lists the verbs, scripts/course.sh carries them
# out. Each chapter also has a Makefile of its own, which needs nothing of this.

GOALS := $(or $(MAKECMDGOALS),build)
WORDS := $(foreach goal,$(GOALS),'$(subst ','\'',$(goal))')
COURSE := CC='$(CC)' FILTER='$(FILTER)' TARGET='$(TARGET)' MAKE='$(MAKE)' sh scripts/course.sh

# What cannot work (an unknown name, a missing tool) is said in one sentence at
# once; -q then makes make fail without a word of its own.
ifneq ($(shell $(COURSE) --can $(WORDS) >&2 || echo no),)
  MAKEFLAGS += -q
.PHONY: $(subst %,,$(GOALS))
.DEFAULT $(subst %,,$(GOALS)):
	@false
else

.PHONY: $(GOALS) course
$(GOALS): course
	@:
course:
	+@$(COURSE) $(WORDS)

endif

Makefile: ;
