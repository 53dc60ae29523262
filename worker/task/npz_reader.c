#include "worker/task/npz_reader.h"
#include "common/xalloc.h"
#include "worker/task/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 96 };
static const uint64_t directory_bytes_most = 16u << 20;

struct member {
    char name[NAME_BYTES]; /* of the array, without .npy */
    uint32_t crc;
    uint64_t at, bytes; /* of the local header; of the content */
};

struct npz_reader {
    char *path;
    FILE *file;
    uint64_t bytes;
    struct member *members;
    int count;
};

static uint32_t number_at(const unsigned char *bytes, int count)
{
    uint32_t number = 0;
    for (int i = count - 1; i >= 0; i--)
        number = number << 8 | bytes[i];
    return number;
}

static bool damaged(const struct npz_reader *reader, const char *what, struct error *error)
{
    error_set(error, "%s: expected an archive as numpy.savez writes it, found %s", reader->path,
              what);
    return false;
}

static bool read_at(struct npz_reader *reader, uint64_t at, void *bytes, size_t count,
                    struct error *error)
{
    if (at > reader->bytes || count > reader->bytes - at)
        return damaged(reader, "that it is truncated", error);
    if (fseeko(reader->file, (off_t)at, SEEK_SET) == 0 &&
        fread(bytes, 1, count, reader->file) == count)
        return true;
    error_set(error, "%s: cannot be read: %s", reader->path,
              ferror(reader->file) ? strerror(errno) : "it became shorter meanwhile");
    return false;
}

/* One entry of the directory, whose `left` bytes begin with it; its length, or 0. */
static size_t read_entry(struct npz_reader *reader, const unsigned char *entry, size_t left,
                         struct error *error)
{
    if (left < ZIP_DIRECTORY_ENTRY_BYTES || number_at(entry, 4) != ZIP_DIRECTORY_ENTRY)
        return damaged(reader, "a damaged directory", error);
    size_t name = number_at(entry + 28, 2);
    size_t length =
        ZIP_DIRECTORY_ENTRY_BYTES + name + number_at(entry + 30, 2) + number_at(entry + 32, 2);
    if (length > left)
        return damaged(reader, "a damaged directory", error);
    if (number_at(entry + 10, 2) != 0)
        return damaged(reader, "compressed arrays; save it with numpy.savez", error);
    if (number_at(entry + 8, 2) & 1)
        return damaged(reader, "encrypted arrays", error);
    const char *letters = (const char *)entry + ZIP_DIRECTORY_ENTRY_BYTES;
    if (name <= 4 || name - 4 >= NAME_BYTES || memcmp(letters + name - 4, ".npy", 4) != 0 ||
        memchr(letters, '\0', name) != NULL)
        return damaged(reader, "a member that is no array", error);
    struct member *member = &reader->members[reader->count];
    memcpy(member->name, letters, name - 4);
    member->crc = number_at(entry + 16, 4);
    member->bytes = number_at(entry + 24, 4);
    member->at = number_at(entry + 42, 4);
    if (npz_has(reader, member->name))
        return damaged(reader, "a name twice", error);
    reader->count++;
    return length;
}

static bool read_directory(struct npz_reader *reader, struct error *error)
{
    unsigned char end[ZIP_END_OF_DIRECTORY_BYTES];
    if (reader->bytes < sizeof end)
        return damaged(reader, "another kind of file", error);
    uint64_t end_at = reader->bytes - sizeof end;
    if (!read_at(reader, end_at, end, sizeof end, error))
        return false;
    if (number_at(end, 4) != ZIP_END_OF_DIRECTORY)
        return damaged(reader, "another kind of file", error);
    int count = (int)number_at(end + 10, 2);
    uint64_t bytes = number_at(end + 12, 4), at = number_at(end + 16, 4);
    if (count > ZIP_MEMBERS_MOST)
        return damaged(reader, "more than 4096 arrays", error);
    if (bytes > directory_bytes_most || at + bytes != end_at)
        return damaged(reader, "a damaged directory", error);
    unsigned char *directory = xmalloc((size_t)bytes);
    reader->members = xcalloc((size_t)count, sizeof *reader->members);
    bool good = read_at(reader, at, directory, (size_t)bytes, error);
    size_t done = 0;
    for (int i = 0; good && i < count; i++) {
        size_t length = read_entry(reader, directory + done, (size_t)bytes - done, error);
        good = length > 0;
        done += length;
    }
    if (good && done != bytes)
        good = damaged(reader, "a damaged directory", error);
    free(directory);
    return good;
}

bool npz_open(struct npz_reader **out, const char *path, struct error *error)
{
    struct npz_reader *reader = xcalloc(1, sizeof *reader);
    *out = reader;
    reader->path = xstrdup(path);
    reader->file = npy_open_file(path, &reader->bytes, error);
    if (reader->file != NULL && read_directory(reader, error))
        return true;
    npz_close(out);
    return false;
}

void npz_close(struct npz_reader **reader_in)
{
    struct npz_reader *reader = *reader_in;
    if (reader == NULL)
        return;
    if (reader->file != NULL)
        fclose(reader->file);
    free(reader->members);
    free(reader->path);
    free(reader);
    *reader_in = NULL;
}

static const struct member *find(const struct npz_reader *reader, const char *name)
{
    for (int i = 0; i < reader->count; i++)
        if (strcmp(reader->members[i].name, name) == 0)
            return &reader->members[i];
    return NULL;
}

bool npz_has(const struct npz_reader *reader, const char *name)
{
    return find(reader, name) != NULL;
}

static bool check_crc(struct npz_reader *reader, const struct member *member, uint64_t at,
                      struct error *error)
{
    unsigned char chunk[65536];
    uint32_t crc = 0;
    for (uint64_t left = member->bytes; left > 0;) {
        size_t some = left < sizeof chunk ? (size_t)left : sizeof chunk;
        if (!read_at(reader, at, chunk, some, error))
            return false;
        crc = zip_crc(crc, chunk, some);
        at += some;
        left -= some;
    }
    return crc == member->crc || damaged(reader, "a wrong checksum", error);
}

/* Leaves the file at the first byte of the member's content. */
static bool seek_member(struct npz_reader *reader, const char *name, const struct member **out,
                        struct error *error)
{
    unsigned char local[ZIP_LOCAL_HEADER_BYTES];
    const struct member *member = *out = find(reader, name);
    if (member == NULL) {
        error_set(error, "%s: expected an array named %s, found none", reader->path, name);
        return false;
    }
    if (!read_at(reader, member->at, local, sizeof local, error))
        return false;
    if (number_at(local, 4) != ZIP_LOCAL_HEADER)
        return damaged(reader, "a damaged member", error);
    uint64_t at = member->at + sizeof local + number_at(local + 26, 2) + number_at(local + 28, 2);
    return check_crc(reader, member, at, error) && read_at(reader, at, local, 0, error);
}

bool npz_get(struct npz_reader *reader, const char *name, struct npy *out, struct error *error)
{
    const struct member *member;
    *out = (struct npy){ 0 };
    if (!seek_member(reader, name, &member, error))
        return false;
    char *place = xasprintf("%s: %s", reader->path, name);
    bool good = npy_read(out, reader->file, member->bytes, place, error);
    free(place);
    return good;
}

bool npz_get_text(struct npz_reader *reader, const char *name, char **out, struct error *error)
{
    const struct member *member;
    *out = NULL;
    if (!seek_member(reader, name, &member, error))
        return false;
    char *place = xasprintf("%s: %s", reader->path, name);
    bool good = npy_read_text(out, reader->file, member->bytes, place, error);
    free(place);
    return good;
}
