/*
 * One thread serves all, so nothing may keep it: least of all the terminal or
 * the pipe to which it tells what it does, if that is not being read.
 *
 * Making the descriptor non-blocking would be simple, and wrong: the flag
 * belongs to the open file, which the shell and other programs share. So it is
 * asked for room before each write instead. POSIX lets a pipe with room take
 * PIPE_BUF bytes at once, and PIPE_BUF is 512 at least; so a line that is not
 * longer is written as a whole, without waiting. Two programs that fill one
 * pipe may still get in each other's way between the look and the write: then
 * the write waits, and a signal such as Ctrl-C ends it. A terminal says that it
 * has room when a part of a line fits; but it has a name, under which it can be
 * opened once more: that open file is ours, and may be non-blocking. (Windows
 * can tell of a socket only whether it has room: there a pipe to another
 * program makes the server wait.)
 *
 * An error drops the line like any other, and the next line is tried again: a
 * disk may get room, and a named pipe a new reader. (SIGPIPE has to be ignored,
 * or a pipe without a reader ends the program before there is an error.)
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "platform.h"

enum { LINE = 512 };

void log_stop_waiting(Log *log) {
    log->waits = false;
    const char *name = ttyname(log->descriptor);
    int ours = name == NULL ? -1 : open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (ours >= 0) {
        dup2(ours, log->descriptor);
        close(ours);
    }
}

//! [put]
static bool has_room(const Log *log) {
    struct pollfd entry = {.fd = log->descriptor, .events = POLLOUT};
    return log->waits || poll(&entry, 1, 0) > 0;
}

/* Returns whether all of it was written. */
static bool put(Log *log, const char *text, size_t length) {
    if (!has_room(log)) {
        return false;
    }
    ssize_t written = write(log->descriptor, text, length);
    if (written > 0) {
        log->cut = written < (ssize_t)length;
    } else if (written < 0 && errno != EAGAIN && errno != EINTR) {
        log->error = -errno;
    }
    return written == (ssize_t)length;
}
//! [put]

/* Begins a line with what is missing before it. Returns the length of that. */
static size_t tell_dropped(const Log *log, char line[LINE]) {
    if (log->dropped == 0) {
        return 0;
    }
    return (size_t)snprintf(line, LINE, "%s%lu line%s of the log %s dropped\n",
                            log->cut ? "\n" : "", log->dropped,
                            log->dropped == 1 ? "" : "s",
                            log->dropped == 1 ? "was" : "were");
}

void log_line(Log *log, const char *format, ...) {
    char line[LINE];
    if (log == NULL) {
        return;
    }
    size_t length = tell_dropped(log, line);
    va_list arguments;
    va_start(arguments, format);
    length +=
        (size_t)vsnprintf(line + length, LINE - length, format, arguments);
    va_end(arguments);
    if (length >= LINE) {
        length = LINE - 1;
    }
    line[length] = '\n';
    log->dropped = put(log, line, length + 1) ? 0 : log->dropped + 1;
}

int log_end(Log *log) {
    char line[LINE];
    size_t length = tell_dropped(log, line);
    if (length > 0 && put(log, line, length)) {
        log->dropped = 0;
    }
    return log->error;
}
