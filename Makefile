# The whole course. `make help` lists the verbs, scripts/course.sh carries them
# out. Each chapter also has a Makefile of its own, which needs nothing of this.

GOALS := $(or $(MAKECMDGOALS),build)
WORDS := $(foreach goal,$(GOALS),'$(subst ','\'',$(goal))')
COURSE := CC='$(CC)' FILTER='$(FILTER)' TARGET='$(TARGET)' MAKE='$(MAKE)' sh scripts/course.sh

# Under -q make adds no last words of its own to what has failed ("*** [Makefile:9:
# course] Error 1", in the reader's language); course.sh takes the -q away again for
# the makes that it runs in its turn.
MAKEFLAGS += -q

# What cannot work (an unknown name, a missing tool) is said in one sentence at once.
ifneq ($(shell $(COURSE) --can $(WORDS) >&2 || echo no),)

.PHONY: $(subst %,,$(GOALS))
.DEFAULT $(subst %,,$(GOALS)):
	@false
else

.PHONY: $(GOALS) course
$(GOALS): course
course:
	+@exec env $(COURSE) $(WORDS)

endif

Makefile: ;
