/*
 * Windows has no fork(): the program starts itself, with the name of the test.
 * Nor does a signal end a process: abort() leaves the exit code 3, as raise()
 * does, and a crash a code of the system's that begins with 0xC.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdlib.h>

#include "child.h"

enum { ABORTED = 3, TIMED_OUT = 43 };

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "%s: error %lu.\n", what, GetLastError());
    exit(2);
}

/* A file that is gone when it is closed, and that the child may inherit. */
static HANDLE open_log(void) {
    char folder[MAX_PATH], path[MAX_PATH];
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    GetTempPathA(sizeof folder, folder);
    GetTempFileNameA(folder, "run", 0, path);
    return CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       &inherited, CREATE_ALWAYS,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE,
                       NULL);
}

/* A busy Wine fails now and then to start one: that is tried again. */
static bool start_program(char *program, char *command, STARTUPINFOA *start,
                          PROCESS_INFORMATION *begun_out) {
    for (int tries = 0; tries < 5; tries++) {
        if (CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL,
                           start, begun_out)) {
            return true;
        }
        Sleep(200);
    }
    return false;
}

void child_start(Child *child, void (*run)(const RunnerTest *test)) {
    char program[MAX_PATH], command[2 * MAX_PATH];
    HANDLE log = open_log();
    STARTUPINFOA start = {.cb = sizeof start,
                          .dwFlags = STARTF_USESTDHANDLES,
                          .hStdOutput = log,
                          .hStdError = log};
    PROCESS_INFORMATION begun;
    (void)run;
    if (log == INVALID_HANDLE_VALUE) {
        give_up("A test's output has no file");
    }
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" --run %s/%s", program,
             child->test->suite, child->test->name);
    if (!start_program(program, command, &start, &begun)) {
        give_up("A test has no process");
    }
    SetHandleInformation(log, HANDLE_FLAG_INHERIT, 0);
    CloseHandle(begun.hThread);
    child->process = (long long)(intptr_t)begun.hProcess;
    child->log = log;
}

static void decode(DWORD code, Ending *ending_out) {
    ending_out->exit_code = (int)code;
    ending_out->timed_out = code == TIMED_OUT;
    if (code == ABORTED) {
        ending_out->signal = SIGABRT;
    } else if (code >= 0xC0000000 || code == 5) {
        ending_out->signal = SIGSEGV; /* or another one of that kind */
    }
}

Child *child_wait(Child *children, int count, Ending *ending_out) {
    HANDLE processes[MAXIMUM_WAIT_OBJECTS] = {NULL};
    Child *of[MAXIMUM_WAIT_OBJECTS];
    DWORD running = 0;
    for (int i = 0; i < count; i++) {
        if (children[i].test != NULL) {
            of[running] = &children[i];
            processes[running++] = (HANDLE)(intptr_t)children[i].process;
        }
    }
    DWORD ended = WaitForMultipleObjects(running, processes, FALSE, INFINITE);
    if (ended >= running) {
        give_up("A test's process is lost");
    }
    DWORD code = 0;
    GetExitCodeProcess(processes[ended], &code);
    CloseHandle(processes[ended]);
    decode(code, ending_out);
    SetFilePointer(of[ended]->log, 0, NULL, FILE_BEGIN);
    of[ended]->output =
        _fdopen(_open_osfhandle((intptr_t)of[ended]->log, _O_TEXT), "r");
    return of[ended];
}

static DWORD WINAPI end_it(void *milliseconds) {
    Sleep((DWORD)(uintptr_t)milliseconds);
    TerminateProcess(GetCurrentProcess(), TIMED_OUT);
    return 0;
}

/* And no window asks what to do when a test crashes, as some are to do. */
void child_limit_time(double seconds) {
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    if (seconds > 0) {
        void *milliseconds = (void *)(uintptr_t)(seconds * 1000);
        CloseHandle(CreateThread(NULL, 0, end_it, milliseconds, 0, NULL));
    }
}

int child_processors(void) {
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return (int)system.dwNumberOfProcessors;
}

#ifdef RUNNER_HAS_TIMESPEC_GET
/* The time since 1970; Windows counts tenths of microseconds since 1601. */
int timespec_get(struct timespec *now_out, int base) {
    const unsigned long long ticks_per_s = 10000000;
    const unsigned long long s_before_1970 = 11644473600;
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    unsigned long long ticks =
        (unsigned long long)now.dwHighDateTime << 32 | now.dwLowDateTime;
    now_out->tv_sec = (time_t)(ticks / ticks_per_s - s_before_1970);
    now_out->tv_nsec = (long)(ticks % ticks_per_s * 100);
    return base;
}
#endif
