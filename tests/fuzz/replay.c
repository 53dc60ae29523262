/* Feeds a fuzz target the files of tests/fuzz/corpus/NAME, where NAME is that of the program, or
 * those named on the command line: what fuzzing found interesting, and what once was a fault. */
#include "tests/fuzz/target.h"

#include <dirent.h>
#include <libgen.h>
#include <string.h>

enum { INPUT_LIMIT = 1 << 22 };

static void feed(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(INPUT_LIMIT);
    if (file == NULL || bytes == NULL)
        fuzz_fail("cannot read %s", path);
    size_t count = fread(bytes, 1, INPUT_LIMIT, file);
    fclose(file);
    uint8_t *exact = realloc(bytes, count > 0 ? count : 1);
    LLVMFuzzerTestOneInput(exact, count);
    free(exact);
}

static int feed_directory(const char *directory)
{
    char path[4096 + 256 + 1];
    int fed = 0;
    DIR *listing = opendir(directory);
    if (listing == NULL)
        fuzz_fail("there is no %s", directory);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        feed(path);
        fed++;
    }
    closedir(listing);
    return fed;
}

int main(int argc, char **argv)
{
    char directory[4096];
    for (int i = 1; i < argc; i++)
        feed(argv[i]);
    if (argc > 1)
        return 0;
    snprintf(directory, sizeof directory, "tests/fuzz/corpus/%s", basename(argv[0]));
    int fed = feed_directory(directory);
    printf("%sok 1 - all %d inputs of %s come back\n1..1\n", fed > 0 ? "" : "not ", fed,
           directory);
    return fed == 0;
}
