#include "worker/task/npz.h"
#include "common/buf.h"
#include "common/xalloc.h"
#include "worker/task/zip.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RANK_MOST = 8,
    NAME_MOST = 64,
    ALIGNMENT = 64, /* of the numbers in a .npy file */
};
static const uint64_t archive_bytes_most = 0xfffffffe; /* what 32-bit offsets can say */
enum { DIRECTORY_BYTES_MOST = 16 << 20, HEADER_BYTES_MOST = 4096 };

struct npz {
    char *path, *part; /* part: where it is written until it is complete */
    FILE *file;
    uint64_t at;          /* bytes written */
    struct buf directory; /* entries so far */
    int members;
    bool failed, is_complete;
    struct error error; /* the first fault */
};

static const struct {
    const char *descr;
    size_t bytes;
} types[] = {
    [NPZ_FLOAT32] = { "<f4", 4 },
    [NPZ_FLOAT64] = { "<f8", 8 },
    [NPZ_INT64] = { "<i8", 8 },
};

static void add_number(struct buf *out, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)(number >> 8 * i);
        buf_add(out, &byte, 1);
    }
}

static void fail(struct npz *npz, const char *what)
{
    if (!npz->failed)
        error_set(&npz->error, "%s: cannot be written: %s", npz->path, what);
    npz->failed = true;
}

static void put(struct npz *npz, const void *bytes, size_t count)
{
    if (!npz->failed && count > 0 && fwrite(bytes, 1, count, npz->file) != count)
        fail(npz, strerror(errno));
    npz->at += count;
}

bool npz_create(struct npz **out, const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) { /* it would be taken away */
        *out = NULL;
        error_set(error, "%s: is no regular file", path);
        return false;
    }
    struct npz *npz = xcalloc(1, sizeof *npz);
    npz->path = xstrdup(path);
    npz->part = xasprintf("%s.part", path);
    buf_init(&npz->directory, DIRECTORY_BYTES_MOST);
    npz->file = fopen(npz->part, "wbe");
    *out = npz;
    if (npz->file != NULL)
        return true;
    error_set(error, "%s: cannot be written: %s", npz->part, strerror(errno));
    npz_abandon(out);
    return false;
}

/* What the two kinds of headers of a member have in common. */
static void add_member(struct buf *out, uint32_t crc, size_t bytes, const char *name)
{
    add_number(out, ZIP_VERSION_NEEDED, 2);
    add_number(out, 0, 2); /* flags */
    add_number(out, 0, 2); /* method: stored */
    add_number(out, 0, 2); /* time */
    add_number(out, ZIP_FIRST_DATE, 2);
    add_number(out, crc, 4);
    add_number(out, bytes, 4); /* compressed, and as it is */
    add_number(out, bytes, 4);
    add_number(out, strlen(name), 2);
    add_number(out, 0, 2); /* extra field */
}

static void add_entry(struct npz *npz, uint32_t crc, size_t bytes, const char *name)
{
    struct buf *out = &npz->directory;
    add_number(out, ZIP_DIRECTORY_ENTRY, 4);
    add_number(out, ZIP_VERSION_NEEDED, 2); /* made by, on a system without rights */
    add_member(out, crc, bytes, name);
    add_number(out, 0, 2); /* comment */
    add_number(out, 0, 2); /* disk */
    add_number(out, 0, 2); /* kind of content */
    add_number(out, 0, 4); /* rights */
    add_number(out, npz->at, 4);
    buf_text(out, name);
}

/* A member of two pieces: the .npy header, and the numbers. */
static void write_member(struct npz *npz, const char *name, const struct buf *header,
                         const void *values, size_t bytes)
{
    struct buf local;
    size_t total = header->length + bytes;
    if (npz->at + total > archive_bytes_most || npz->members == ZIP_MEMBERS_MOST) {
        fail(npz, "an archive holds 4 GiB and 4096 arrays at most");
        return;
    }
    char *file_name = xasprintf("%s.npy", name);
    uint32_t crc = zip_crc(zip_crc(0, header->bytes, header->length), values, bytes);
    add_entry(npz, crc, total, file_name);
    buf_init(&local, HEADER_BYTES_MOST);
    add_number(&local, ZIP_LOCAL_HEADER, 4);
    add_member(&local, crc, total, file_name);
    buf_text(&local, file_name);
    put(npz, local.bytes, local.length);
    put(npz, header->bytes, header->length);
    put(npz, values, bytes);
    npz->members++;
    buf_free(&local);
    free(file_name);
}

static void make_header(struct buf *out, const char *descr, const size_t *shape, int rank)
{
    enum { PREFACE_BYTES = 10 };
    struct buf text;
    buf_init(&text, HEADER_BYTES_MOST);
    buf_printf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int i = 0; i < rank; i++)
        buf_printf(&text, "%s%zu", i > 0 ? ", " : "", shape[i]);
    buf_text(&text, rank == 1 ? ",), }" : "), }");
    while ((PREFACE_BYTES + text.length + 1) % ALIGNMENT != 0)
        buf_text(&text, " ");
    buf_text(&text, "\n");
    buf_init(out, HEADER_BYTES_MOST);
    buf_add(out, "\x93NUMPY\x01\x00", 8);
    add_number(out, text.length, 2);
    buf_add(out, text.bytes, text.length);
    buf_free(&text);
}

static bool name_is_legal(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-.";
    size_t length = strlen(name);
    return length > 0 && length <= NAME_MOST && strspn(name, letters) == length;
}

static void add(struct npz *npz, const char *name, const char *descr, size_t bytes_each,
                const void *values, const size_t *shape, int rank)
{
    struct buf header;
    size_t bytes = bytes_each;
    bool fits = true;
    assert(name_is_legal(name) && rank <= RANK_MOST);
    for (int i = 0; i < rank; i++)
        fits = !__builtin_mul_overflow(bytes, shape[i], &bytes) && fits;
    if (!fits || bytes > archive_bytes_most) {
        fail(npz, "an archive holds 4 GiB at most");
        return;
    }
    make_header(&header, descr, shape, rank);
    write_member(npz, name, &header, values, bytes);
    buf_free(&header);
}

void npz_add(struct npz *npz, const char *name, enum npz_type type, const void *values,
             const size_t *shape, int rank)
{
    add(npz, name, types[type].descr, types[type].bytes, values, shape, rank);
}

/* NumPy's type of bytes has a length, which is not 0, and is filled with NULs. */
void npz_add_text(struct npz *npz, const char *name, const char *text)
{
    size_t bytes = text[0] != '\0' ? strlen(text) : 1;
    char *descr = xasprintf("|S%zu", bytes);
    add(npz, name, descr, bytes, text, NULL, 0);
    free(descr);
}

static void write_directory(struct npz *npz)
{
    struct buf end;
    size_t bytes = npz->directory.length;
    if (npz->directory.overflowed || npz->at + bytes > archive_bytes_most)
        fail(npz, "the names of its arrays are too many");
    buf_init(&end, HEADER_BYTES_MOST);
    add_number(&end, ZIP_END_OF_DIRECTORY, 4);
    add_number(&end, 0, 4); /* disks */
    add_number(&end, (uint64_t)npz->members, 2);
    add_number(&end, (uint64_t)npz->members, 2);
    add_number(&end, bytes, 4);
    add_number(&end, npz->at, 4);
    add_number(&end, 0, 2); /* comment */
    put(npz, npz->directory.bytes, bytes);
    put(npz, end.bytes, end.length);
    buf_free(&end);
}

/* On disk, and only then under its name. */
static bool complete(struct npz **npz_in, struct error *error)
{
    struct npz *npz = *npz_in;
    if (!npz->failed && (fflush(npz->file) != 0 || fsync(fileno(npz->file)) != 0))
        fail(npz, strerror(errno));
    if (!npz->failed && rename(npz->part, npz->path) != 0)
        fail(npz, strerror(errno));
    bool good = !npz->failed;
    npz->is_complete = good;
    if (!good)
        *error = npz->error;
    npz_abandon(npz_in);
    return good;
}

bool npz_finish(struct npz **npz, struct error *error)
{
    write_directory(*npz);
    return complete(npz, error);
}

bool npy_save(const char *path, enum npz_type type, const void *values, const size_t *shape,
              int rank, struct error *error)
{
    struct npz *file;
    struct buf header;
    size_t bytes = types[type].bytes;
    if (!npz_create(&file, path, error))
        return false;
    for (int i = 0; i < rank; i++)
        bytes *= shape[i];
    make_header(&header, types[type].descr, shape, rank);
    put(file, header.bytes, header.length);
    put(file, values, bytes);
    buf_free(&header);
    return complete(&file, error);
}

void npz_abandon(struct npz **npz_in)
{
    struct npz *npz = *npz_in;
    if (npz == NULL)
        return;
    if (npz->file != NULL)
        fclose(npz->file);
    if (npz->file != NULL && !npz->is_complete)
        unlink(npz->part);
    buf_free(&npz->directory);
    free(npz->path);
    free(npz->part);
    free(npz);
    *npz_in = NULL;
}
