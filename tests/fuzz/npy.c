/* A .npy file from anybody, read as an array and as a text. */
#include "worker/task/npy.h"
#include "tests/fuzz/target.h"

#include <string.h>

static void read_array(FILE *file, size_t count)
{
    struct npy npy = { 0 };
    struct error error = { "" };
    char shape[NPY_SHAPE_BYTES];
    if (!npy_read(&npy, file, count, "x.npy", &error)) {
        if (error.text[0] == '\0')
            fuzz_fail("refused without a sentence");
        npy_free(&npy);
        return;
    }
    size_t product = 1;
    for (int i = 0; i < npy.rank; i++)
        product *= npy.shape[i];
    if (product != npy.count)
        fuzz_fail("the count is not the product of the shape");
    double sum = 0;
    for (size_t i = 0; i < npy.count; i++)
        sum += npy.values[i];
    npy_shape_text(shape, npy.shape, npy.rank);
    if (npy_check_values(&npy, "x.npy", &error) && sum != sum)
        fuzz_fail("not-a-number passes for a value");
    npy_free(&npy);
}

static void read_text(FILE *file, size_t count)
{
    struct error error = { "" };
    char *text = NULL;
    if (npy_read_text(&text, file, count, "x.npy", &error) && strlen(text) > count)
        fuzz_fail("a text longer than its file");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0)
        return 0;
    FILE *file = fmemopen((void *)bytes, count, "rb");
    if (file == NULL)
        fuzz_fail("no stream over memory");
    read_array(file, count);
    rewind(file);
    read_text(file, count);
    fclose(file);
    return 0;
}
