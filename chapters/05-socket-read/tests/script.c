#include "script.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Thread_local bool script_second_thread;

void script_fail(Scripted *call, int nth, int error) {
    call->fail_in = nth;
    call->more = 0;
    call->error = error;
}

void script_fail_next(Scripted *call, int times, int error) {
    script_fail(call, 1, error);
    call->more = times - 1;
}

void script_fail_always(Scripted *call, int error) {
    script_fail(call, -1, error);
}

bool script_fails(Scripted *call) {
    atomic_fetch_add(&call->calls, 1);
    if (call->fail_in == 0) {
        return false;
    }
    if (call->fail_in > 0 && --call->fail_in > 0) {
        return false;
    }
    if (call->fail_in == 0 && call->more > 0) {
        call->fail_in = 1;
        call->more -= 1;
    }
    errno = call->error;
    return true;
}

void script_fire(Cue *cue) {
    Cue now = *cue;
    if (now.act != NULL && now.skip > 0) {
        cue->skip -= 1;
    } else if (now.act != NULL) {
        *cue = (Cue){0};
        now.act(now.argument);
    }
}

void script_insist(bool fine, const char *sentence, ...) {
    if (fine) {
        return;
    }
    char text[1024];
    va_list arguments;
    va_start(arguments, sentence);
    vsnprintf(text, sizeof text, sentence, arguments);
    va_end(arguments);
    cr_assert(script_second_thread, "%s", text);
    fprintf(stderr, "%s\n", text);
    abort();
}
