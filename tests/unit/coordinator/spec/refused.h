/* refused.h - for tests of wrong searches: a text must be refused, and the first line of the report
 * must be exactly the expected one. */
#ifndef TEST_SPEC_REFUSED_H
#define TEST_SPEC_REFUSED_H
#include "coordinator/spec/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The lines before what a test is about; each ends where the next key at the top, or the next
 * parameter, may follow. */
#define LDT            "name: s\nprogram: ldt\nmetric: {name: test_kl}\ntrials: 5\n"
#define LDT_TASK_B     LDT "parameters:\n  task: {value: task-b}\n"
#define COMMAND        "name: s\ncommand: [x]\nmetric: {name: loss}\ntrials: 5\n"
#define COMMAND_SEARCH COMMAND "parameters:\n"

/* expected is "LINE:COLUMN: sentence". */
static inline void refused_bytes(const char *text, size_t length, const char *expected)
{
    struct spec *spec;
    struct buf report, wanted;
    buf_init(&report, (size_t)1 << 20);
    buf_init(&wanted, 4096);
    buf_printf(&wanted, "s.yaml:%s", expected);
    enum spec_result result = spec_parse(&spec, "s.yaml", text, length, &report);
    if (result != SPEC_REFUSED)
        fail_msg("not refused: %s", text);
    assert_null(spec);
    char *end = strchr(report.bytes, '\n');
    assert_non_null(end);
    *end = '\0';
    if (strcmp(report.bytes, wanted.bytes) != 0)
        fail_msg("%s\nis refused with\n%s\nand not with\n%s", text, report.bytes, wanted.bytes);
    buf_free(&report);
    buf_free(&wanted);
}

static inline void refused(const char *text, const char *expected)
{
    refused_bytes(text, strlen(text), expected);
}
#endif
