#include "coordinator/cli/spec_file.h"
#include "coordinator/cli/command.h"

#include <stdio.h>

enum { REPORT_BYTES = 1 << 20 };

struct spec *spec_file_load(const char *path, int *status)
{
    static const int statuses[] = {
        [SPEC_OK] = EXIT_OK,
        [SPEC_MISSING] = EXIT_NOT_FOUND,
        [SPEC_UNREADABLE] = EXIT_FAILED,
        [SPEC_REFUSED] = EXIT_BAD_SPEC,
    };
    struct spec *spec = NULL;
    struct buf report;
    buf_init(&report, REPORT_BYTES);
    *status = statuses[spec_load(&spec, path, &report)];
    fputs(report.bytes, stderr);
    buf_free(&report);
    return spec;
}
