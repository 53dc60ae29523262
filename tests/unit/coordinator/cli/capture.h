/* capture.h - runs something and keeps what it printed on standard output and standard error. */
#ifndef CLI_TEST_CAPTURE_H
#define CLI_TEST_CAPTURE_H
#include "coordinator/cli/command.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct captured {
    int status;
    char out[1 << 16], err[1 << 14];
};

static inline void read_back(FILE *file, char *text, size_t bytes)
{
    rewind(file);
    text[fread(text, 1, bytes - 1, file)] = '\0';
    fclose(file);
}

/* A command in a child process, because a wrong option ends the program. arguments: NULL at the
 * end. */
static inline const struct captured *run_command(
    int (*command)(const struct context *context, int argc, char **argv),
    const struct context *context, const char *const *arguments)
{
    static struct captured captured;
    char verb[] = "verb", *argv[16] = { verb };
    int argc = 1;
    FILE *out = tmpfile(), *err = tmpfile();
    for (; arguments[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        exit(command(context, argc, argv));
    }
    waitpid(child, &captured.status, 0);
    assert_true(WIFEXITED(captured.status));
    captured.status = WEXITSTATUS(captured.status);
    read_back(out, captured.out, sizeof captured.out);
    read_back(err, captured.err, sizeof captured.err);
    return &captured;
}

#define assert_contains(text, part) \
    do { \
        if (strstr(text, part) == NULL) \
            fail_msg("'%s' is not in: %s", part, text); \
    } while (0)
#endif
