/*
 * One thread serves all.
 *
 *   main                 a server and a client on real sockets: the client
 *                        sends a file, this program itself, and compares
 *   main --file PATH     the same with another file
 *   main --serve         stays up until Ctrl-C; talk to it with nc
 *   main --crowd N       N connections at once, from a second process
 *   --idle SECONDS       with --serve: closes what is silent for so long
 *   --port P             for any of them, where the server listens
 *
 * What each of them does stands in demo_transfer.c, demo_server.c and
 * demo_crowd.c.
 */
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "descriptors.h"
#include "platform.h"

enum { MOST_VISITORS = 60000, MOST_PORT = 65535, MOST_SECONDS = 86400 };

/* Reads a number from 1 to `most`. Returns 0 if the text is none; says so. */
static unsigned parse_number(Demo *demo, const char *name, const char *text,
                             unsigned most) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    bool plain = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (plain && number > 0 && number <= most) {
        return (unsigned)number;
    }
    log_line(&demo->errors, "%s needs a number from 1 to %u, and not '%s'.",
             name, most, text);
    return 0;
}

/* Returns whether an option and its value were understood; says so if not. */
static bool parse_option(Demo *demo, const char *name, const char *value) {
    if (strcmp(name, "--file") == 0) {
        demo->file = value;
        if (value[0] == '\0') {
            log_line(&demo->errors, "--file needs the path of a file.");
        }
        return value[0] != '\0';
    }
    if (strcmp(name, "--crowd") == 0) {
        demo->crowd = parse_number(demo, name, value, MOST_VISITORS);
        return demo->crowd > 0;
    }
    if (strcmp(name, "--idle") == 0) {
        demo->idle_s = parse_number(demo, name, value, MOST_SECONDS);
        return demo->idle_s > 0;
    }
    if (strcmp(name, "--port") == 0) {
        demo->port = (uint16_t)parse_number(demo, name, value, MOST_PORT);
        return demo->port > 0;
    }
    log_line(&demo->errors,
             "'%s' is not understood: use --file PATH, --serve, --crowd N, "
             "--idle SECONDS or --port P.",
             name);
    return false;
}

/* The same for the whole command line. */
static bool parse(Demo *demo, int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--serve") == 0) {
            demo->serve = true;
            continue;
        }
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (!parse_option(demo, arguments[i], value)) {
            return false;
        }
        i += 1;
    }
    if ((demo->file != NULL) + demo->serve + (demo->crowd > 0) > 1) {
        log_line(&demo->errors, "Use one of --file, --serve and --crowd.");
        return false;
    }
    if (demo->idle_s > 0 && !demo->serve) {
        log_line(&demo->errors, "--idle is for a server: use it with --serve.");
        return false;
    }
    return true;
}

/* What is opened next would get a closed one's number, and its lines. */
static bool can_talk(Demo *demo) {
    bool output = fcntl(demo->output.descriptor, F_GETFD) >= 0;
    bool errors = fcntl(demo->errors.descriptor, F_GETFD) >= 0;
    if (!output && errors) {
        log_line(&demo->errors, "Standard output is closed.");
    } else if (!errors && output) {
        log_line(&demo->output, "Standard error is closed.");
    }
    return output && errors;
}

/* Says what has not been said. Returns the exit status. */
static int end_output(Demo *demo, int status) {
    int error = log_end(&demo->output);
    if (error != 0) {
        return demo_fail(demo, "Standard output cannot be written", error);
    }
    if (demo->output.dropped > 0) {
        log_line(&demo->errors, "Standard output had no room for %lu lines.",
                 demo->output.dropped);
    }
    return status;
}

static int run(Demo *demo, char *self) {
    if (demo->serve) {
        return demo_server(demo);
    }
    if (demo->crowd > 0) {
        return demo_crowd(demo);
    }
    demo->file = demo->file != NULL ? demo->file : self;
    return demo_transfer(demo);
}

int main(int count, char **arguments) {
    Demo demo = {.output = {.descriptor = 1, .waits = true},
                 .errors = {.descriptor = 2, .waits = true}};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* it is an error of write() then */
    if (!can_talk(&demo)) {
        return 1;
    }
    if (!parse(&demo, count, arguments)) {
        return 2;
    }
    int before = descriptors_open();
    int status = run(&demo, arguments[0]);
    log_line(&demo.output, "Descriptors left open: %d",
             descriptors_open() - before);
    return end_output(&demo, status);
}
