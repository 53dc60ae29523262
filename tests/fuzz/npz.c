/* A .npz archive from anybody: every way of asking it for an array. */
#include "worker/task/npz_reader.h"
#include "tests/fuzz/target.h"

#include <sys/mman.h>
#include <unistd.h>

static void ask(struct npz_reader *reader, const char *name)
{
    struct npy npy = { 0 };
    struct error error = { "" };
    char *text = NULL;
    bool has = npz_has(reader, name);
    if (npz_get(reader, name, &npy, &error) && !has)
        fuzz_fail("an array that is not there");
    npy_free(&npy);
    if (npz_get_text(reader, name, &text, &error) && !has)
        fuzz_fail("a text that is not there");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char path[64];
    struct npz_reader *reader;
    struct error error = { "" };
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count)
        fuzz_fail("no file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (npz_open(&reader, path, &error)) {
        ask(reader, "x");
        ask(reader, "settings");
        npz_close(&reader);
    } else if (error.text[0] == '\0') {
        fuzz_fail("refused without a sentence");
    }
    close(fd);
    return 0;
}
