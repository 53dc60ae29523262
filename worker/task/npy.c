#include "worker/task/npy.h"
#include "common/xalloc.h"
#include "worker/task/npy_header.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read as they lie");

enum { HEADER_BYTES_MOST = 65536, CHUNK_BYTES = 65536, TEXT_BYTES_MOST = 1 << 20 };
static const size_t count_limit = 2147483647; /* of numbers in one array, as in any matrix */

#define LOADER(name, type)                                                                         \
    static double name(const unsigned char *bytes)                                                 \
    {                                                                                              \
        type number;                                                                               \
        memcpy(&number, bytes, sizeof number);                                                     \
        return (double)number;                                                                     \
    }
LOADER(load_float32, float)
LOADER(load_float64, double)
LOADER(load_int8, int8_t)
LOADER(load_int16, int16_t)
LOADER(load_int32, int32_t)
LOADER(load_int64, int64_t)
LOADER(load_uint8, uint8_t)
LOADER(load_uint16, uint16_t)
LOADER(load_uint32, uint32_t)
LOADER(load_uint64, uint64_t)

static const struct type {
    const char *code; /* after the letter for the byte order */
    enum npy_kind kind;
    size_t bytes;
    double largest; /* magnitude that is read for what it is; 0: any */
    double (*load)(const unsigned char *bytes);
} types[] = {
    { "f4", NPY_REAL, 4, 0, load_float32 },
    { "f8", NPY_REAL, 8, 0, load_float64 },
    { "i1", NPY_INTEGER, 1, 0, load_int8 },
    { "i2", NPY_INTEGER, 2, 0, load_int16 },
    { "i4", NPY_INTEGER, 4, 0, load_int32 },
    { "i8", NPY_INTEGER, 8, 9007199254740991.0, load_int64 },
    { "u1", NPY_INTEGER, 1, 0, load_uint8 },
    { "u2", NPY_INTEGER, 2, 0, load_uint16 },
    { "u4", NPY_INTEGER, 4, 0, load_uint32 },
    { "u8", NPY_INTEGER, 8, 9007199254740991.0, load_uint64 },
    { "b1", NPY_BOOLEAN, 1, 1, load_uint8 },
};

/* What is being read. */
struct source {
    FILE *file;
    const char *name;
    uint64_t left; /* bytes */
    struct error *error;
};

static bool take(struct source *source, void *bytes, size_t count)
{
    if (fread(bytes, 1, count, source->file) == count) {
        source->left -= count;
        return true;
    }
    error_set(source->error, "%s: cannot be read to its end: %s", source->name,
              ferror(source->file) ? strerror(errno) : "it became shorter meanwhile");
    return false;
}

static bool refuse_other_file(struct source *source, const unsigned char *bytes, size_t count)
{
    const char *fix = "";
    char found[32] = "";
    if (count >= 2 && memcmp(bytes, "PK", 2) == 0)
        fix = " (a .npz archive?); save each array by itself with numpy.save";
    else if (count > 0 && bytes[0] == 0x80)
        fix = " (a pickle?); save the array with numpy.save";
    for (size_t i = 0; i < count; i++)
        snprintf(found + 3 * i, 4, " %02x", bytes[i]);
    error_set(source->error, "%s: expected a NumPy .npy file, found one that begins with%s%s",
              source->name, count > 0 ? found : " nothing: it is empty", fix);
    return false;
}

/* The magic, the version, and the length of the header. */
static bool read_preface(struct source *source, size_t *header_bytes)
{
    unsigned char preface[8];
    uint32_t length = 0;
    size_t there = source->left < sizeof preface ? (size_t)source->left : sizeof preface;
    if (!take(source, preface, there))
        return false;
    if (there < sizeof preface || memcmp(preface, "\x93NUMPY", 6) != 0)
        return refuse_other_file(source, preface, there);
    unsigned major = preface[6], minor = preface[7];
    if (major < 1 || major > 3 || minor != 0) {
        error_set(source->error, "%s: expected version 1.0, 2.0 or 3.0 of the format, found %u.%u",
                  source->name, major, minor);
        return false;
    }
    size_t bytes = major == 1 ? 2 : 4;
    if (source->left < bytes) {
        error_set(source->error, "%s: truncated: it ends before its header", source->name);
        return false;
    }
    if (!take(source, &length, bytes))
        return false;
    *header_bytes = length;
    return true;
}

static bool read_header(struct source *source, struct npy_header *header)
{
    size_t length = 0;
    if (!read_preface(source, &length))
        return false;
    if (length > HEADER_BYTES_MOST) {
        error_set(source->error, "%s: damaged: expected a header of at most %d bytes, found %zu",
                  source->name, HEADER_BYTES_MOST, length);
        return false;
    }
    if (length > source->left) {
        error_set(source->error, "%s: truncated: expected a header of %zu bytes, found %llu",
                  source->name, length, (unsigned long long)source->left);
        return false;
    }
    char *text = xmalloc(length);
    bool good = take(source, text, length) &&
                npy_header_parse(header, text, length, source->name, source->error);
    free(text);
    return good;
}

static bool refuse_type(struct source *source, const char *type)
{
    bool is_object = type[0] != '\0' && type[1] == 'O';
    error_set(
        source->error,
        "%s: expected float32, float64, int8 to int64, uint8 to uint64 or bool, found %s'%s'; "
        "convert it with array.astype('float32')",
        source->name, is_object ? "Python objects, which are never unpickled, " : "", type);
    return false;
}

static bool find_type(struct source *source, const char *spelt, const struct type **out)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (spelt[0] == '\0' || strcmp(spelt + 1, types[i].code) != 0)
            continue;
        *out = &types[i];
        if (spelt[0] == '<' || (spelt[0] == '|' && types[i].bytes == 1))
            return true;
        if (spelt[0] != '>')
            break;
        error_set(source->error,
                  "%s: expected little endian numbers, found '%s'; convert them with "
                  "array.astype('<%s')",
                  source->name, spelt, types[i].code);
        return false;
    }
    return refuse_type(source, spelt);
}

/* Fails before anything is allocated for numbers that are not there. */
static bool check_length(struct source *source, const struct npy_header *header, size_t bytes_each,
                         size_t *count)
{
    char shape[NPY_SHAPE_BYTES];
    bool fits = true;
    *count = 1;
    for (int i = 0; i < header->rank; i++)
        fits = !__builtin_mul_overflow(*count, header->shape[i], count) && fits;
    npy_shape_text(shape, header->shape, header->rank);
    if (!fits || *count > count_limit) {
        error_set(source->error, "%s: expected at most %zu numbers, found the shape %s",
                  source->name, count_limit, shape);
        return false;
    }
    uint64_t needed = (uint64_t)*count * bytes_each;
    if (needed == source->left)
        return true;
    error_set(source->error,
              "%s: %s: the shape %s of type '%s' needs %llu bytes after the header, found %llu",
              source->name, needed > source->left ? "truncated" : "damaged", shape, header->type,
              (unsigned long long)needed, (unsigned long long)source->left);
    return false;
}

static bool refuse_number(struct source *source, const struct type *type, size_t at, double number)
{
    if (type->kind == NPY_BOOLEAN)
        error_set(source->error, "%s: damaged: expected 0 or 1 in an array of bool, found %g",
                  source->name, number);
    else
        error_set(source->error,
                  "%s: expected integers below 2^53, found about %.17g as number %zu; convert the "
                  "array with array.astype('float64') if they may be rounded",
                  source->name, number, at);
    return false;
}

static bool read_values(struct source *source, const struct type *type, double *values,
                        size_t count)
{
    unsigned char chunk[CHUNK_BYTES];
    size_t fitting = CHUNK_BYTES / type->bytes;
    for (size_t done = 0; done < count;) {
        size_t some = count - done < fitting ? count - done : fitting;
        if (!take(source, chunk, some * type->bytes))
            return false;
        for (size_t i = 0; i < some; i++, done++) {
            double number = type->load(chunk + i * type->bytes);
            if (type->largest > 0 && fabs(number) > type->largest)
                return refuse_number(source, type, done, number);
            values[done] = number;
        }
    }
    return true;
}

bool npy_read(struct npy *out, FILE *file, uint64_t bytes, const char *name, struct error *error)
{
    struct source source = { .file = file, .name = name, .left = bytes, .error = error };
    struct npy_header header;
    const struct type *type;
    size_t count;
    *out = (struct npy){ 0 };
    if (!read_header(&source, &header) || !find_type(&source, header.type, &type) ||
        !check_length(&source, &header, type->bytes, &count))
        return false;
    if (header.is_fortran && header.rank > 1) {
        error_set(error,
                  "%s: expected C order, found Fortran order; convert it with "
                  "numpy.ascontiguousarray(array)",
                  name);
        return false;
    }
    out->kind = type->kind;
    out->rank = header.rank;
    out->count = count;
    memcpy(out->type, header.type, sizeof out->type);
    memcpy(out->shape, header.shape, sizeof out->shape);
    out->values = xcalloc(count, sizeof *out->values);
    if (read_values(&source, type, out->values, count))
        return true;
    npy_free(out);
    return false;
}

bool npy_read_text(char **out, FILE *file, uint64_t bytes, const char *name, struct error *error)
{
    struct source source = { .file = file, .name = name, .left = bytes, .error = error };
    struct npy_header header;
    char type[NPY_TYPE_BYTES];
    *out = NULL;
    if (!read_header(&source, &header))
        return false;
    snprintf(type, sizeof type, "|S%llu", (unsigned long long)source.left);
    if (header.rank != 0 || source.left > TEXT_BYTES_MOST || strcmp(header.type, type) != 0) {
        error_set(error, "%s: expected a text of at most %d bytes, found the type '%s'", name,
                  TEXT_BYTES_MOST, header.type);
        return false;
    }
    size_t length = (size_t)source.left;
    char *text = xcalloc(length + 1, 1);
    if (take(&source, text, length)) {
        *out = text;
        return true;
    }
    free(text);
    return false;
}

FILE *npy_open_file(const char *path, uint64_t *bytes, struct error *error)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        error_set(error, "%s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(error, "%s: expected a file, found something else", path);
        close(descriptor);
        return NULL;
    }
    *bytes = (uint64_t)status.st_size;
    FILE *file = fdopen(descriptor, "rb");
    if (file == NULL) {
        error_set(error, "%s: cannot be read: %s", path, strerror(errno));
        close(descriptor);
    }
    return file;
}

bool npy_load(struct npy *out, const char *path, struct error *error)
{
    uint64_t bytes;
    *out = (struct npy){ 0 };
    FILE *file = npy_open_file(path, &bytes, error);
    if (file == NULL)
        return false;
    bool good = npy_read(out, file, bytes, path, error);
    fclose(file);
    return good;
}

void npy_free(struct npy *npy)
{
    free(npy->values);
    *npy = (struct npy){ 0 };
}

/* "[12, 0, 3]": where number `at` is. */
static void index_text(char out[NPY_SHAPE_BYTES], const struct npy *npy, size_t at)
{
    size_t index[NPY_RANKS] = { 0 };
    for (int i = npy->rank - 1; i >= 0; i--) {
        index[i] = at % npy->shape[i];
        at /= npy->shape[i];
    }
    int length = snprintf(out, NPY_SHAPE_BYTES, "[");
    for (int i = 0; i < npy->rank; i++)
        length += snprintf(out + length, (size_t)(NPY_SHAPE_BYTES - length), "%s%zu",
                           i > 0 ? ", " : "", index[i]);
    snprintf(out + length, (size_t)(NPY_SHAPE_BYTES - length), "]");
}

bool npy_check_values(const struct npy *npy, const char *name, struct error *error)
{
    for (size_t i = 0; i < npy->count; i++) {
        if (fabs(npy->values[i]) <= (double)FLT_MAX)
            continue;
        char where[NPY_SHAPE_BYTES];
        index_text(where, npy, i);
        error_set(error,
                  "%s: expected finite numbers of at most 3.4e38, found %g at index %s; remove or "
                  "replace such examples",
                  name, npy->values[i], where);
        return false;
    }
    return true;
}

void npy_shape_text(char out[NPY_SHAPE_BYTES], const size_t *shape, int rank)
{
    int length = snprintf(out, NPY_SHAPE_BYTES, "(");
    for (int i = 0; i < rank; i++)
        length += snprintf(out + length, (size_t)(NPY_SHAPE_BYTES - length), "%s%zu",
                           i > 0 ? ", " : "", shape[i]);
    snprintf(out + length, (size_t)(NPY_SHAPE_BYTES - length), rank == 1 ? ",)" : ")");
}
