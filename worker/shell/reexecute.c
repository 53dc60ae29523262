#include "worker/shell/reexecute.h"
#include "common/xalloc.h"
#include "worker/numeric/blas.h"

#include <stdlib.h>

void reexecute_verb(int argc, char **argv)
{
    static char program[] = "ldt-worker";
    char **words = xcalloc((size_t)argc + 2, sizeof *words);
    words[0] = program;
    for (int i = 0; i < argc; i++)
        words[i + 1] = argv[i];
    blas_reexec(words);
    free(words);
}
