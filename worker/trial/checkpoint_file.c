#include "worker/trial/checkpoint_file.h"
#include "common/xalloc.h"
#include "worker/trial/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const char magic[] = "LDT-CHECKPOINT 1\n";
enum { MAGIC_BYTES = sizeof magic - 1, PIECE_BYTES = 1 << 16 };

/* A file as it is written or read. */
struct stream {
    FILE *file;
    XXH3_state_t *hash; /* of what was written */
    uint64_t left;      /* bytes that may still be read */
    bool failed;
    struct error error; /* the first fault */
};

static void fail(struct stream *stream, const char *what)
{
    if (!stream->failed)
        error_set(&stream->error, "%s", what);
    stream->failed = true;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct writer {
    struct visitor visitor; /* first: a visitor is its writer */
    struct stream stream;
};

static void put(struct stream *stream, const void *bytes, size_t count)
{
    if (stream->failed || count == 0)
        return;
    XXH3_128bits_update(stream->hash, bytes, count);
    if (fwrite(bytes, 1, count, stream->file) != count)
        fail(stream, strerror(errno));
}

static void put_piece(struct stream *stream, const void *bytes, size_t count)
{
    uint64_t length = count;
    put(stream, &length, sizeof length);
    put(stream, bytes, count);
}

static void save_field(struct visitor *visitor, const char *name, void *values, size_t bytes)
{
    struct stream *stream = &((struct writer *)visitor)->stream;
    put_piece(stream, name, strlen(name));
    put_piece(stream, values, bytes);
}

static void save_text(struct visitor *visitor, const char *name, struct buf *bytes)
{
    save_field(visitor, name, bytes->bytes, bytes->length);
}

static void put_checksum(struct stream *stream)
{
    XXH128_canonical_t sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits_digest(stream->hash));
    put(stream, &sum, sizeof sum);
}

static void write_content(struct writer *writer, const struct checkpoint *checkpoint)
{
    struct stream *stream = &writer->stream;
    stream->hash = XXH3_createState();
    XXH3_128bits_reset(stream->hash);
    put(stream, magic, MAGIC_BYTES);
    put_piece(stream, checkpoint->identity->bytes, checkpoint->identity->length);
    checkpoint->visit(checkpoint->run, &writer->visitor);
    put_checksum(stream);
    XXH3_freeState(stream->hash);
    if (!stream->failed && (fflush(stream->file) != 0 || fsync(fileno(stream->file)) != 0))
        fail(stream, strerror(errno));
}

static int open_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A name that no other process has, of any machine that sees the directory. */
static void make_part_name(char *out, size_t bytes)
{
    uint64_t random = 0;
    while (getrandom(&random, sizeof random, 0) != sizeof random)
        continue;
    snprintf(out, bytes, CHECKPOINT_FILE ".%016" PRIx64 ".part", random);
}

static FILE *open_stream(int fd, const char *mode)
{
    FILE *file = fd >= 0 ? fdopen(fd, mode) : NULL;
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

/* Everything but the directory's own descriptor. */
static bool save_in(int directory, const struct checkpoint *checkpoint, struct error *error)
{
    char part[64];
    struct writer writer = { .visitor = { save_field, save_text } };
    struct stream *stream = &writer.stream;
    make_part_name(part, sizeof part);
    stream->file =
        open_stream(openat(directory, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), "wb");
    if (stream->file == NULL) {
        error_set(error, CHECKPOINT_FILE " cannot be written: %s", strerror(errno));
        return false;
    }
    write_content(&writer, checkpoint);
    if (fclose(stream->file) != 0)
        fail(stream, strerror(errno));
    if (!stream->failed &&
        (renameat(directory, part, directory, CHECKPOINT_FILE) != 0 || fsync(directory) != 0))
        fail(stream, strerror(errno));
    if (stream->failed) {
        error_set(error, CHECKPOINT_FILE " cannot be written: %s", stream->error.text);
        unlinkat(directory, part, 0);
    }
    return !stream->failed;
}

bool checkpoint_file_save(const char *path, const struct checkpoint *checkpoint,
                          struct error *error)
{
    int directory = open_directory(path);
    if (directory < 0) {
        error_set(error, CHECKPOINT_FILE " cannot be written: %s: %s", path, strerror(errno));
        return false;
    }
    bool saved = save_in(directory, checkpoint, error);
    close(directory);
    return saved;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reader {
    struct visitor visitor; /* first: a visitor is its reader */
    struct stream stream;
};

static void get(struct stream *stream, void *bytes, size_t count)
{
    if (stream->failed || count == 0)
        return;
    if (count > stream->left || fread(bytes, 1, count, stream->file) != count) {
        fail(stream, "it ends too early");
        return;
    }
    stream->left -= count;
}

/* The length of what comes next; 0 after a fault. */
static size_t get_length(struct stream *stream)
{
    uint64_t length = 0;
    get(stream, &length, sizeof length);
    if (!stream->failed && length > stream->left)
        fail(stream, "it ends too early");
    return stream->failed ? 0 : (size_t)length;
}

static void get_name(struct stream *stream, const char *name)
{
    char found[64];
    size_t length = get_length(stream), wanted = strlen(name);
    get(stream, found, length == wanted && wanted <= sizeof found ? wanted : 0);
    if (!stream->failed && (length != wanted || memcmp(found, name, wanted) != 0))
        fail(stream, "it holds other fields than this program's runs have");
}

static void load_field(struct visitor *visitor, const char *name, void *values, size_t bytes)
{
    struct stream *stream = &((struct reader *)visitor)->stream;
    get_name(stream, name);
    size_t length = get_length(stream);
    if (!stream->failed && length != bytes)
        fail(stream, "a field has another size than in this run");
    get(stream, values, bytes);
}

/* The buffer grows with what is there, whatever the length says. */
static void load_text(struct visitor *visitor, const char *name, struct buf *bytes)
{
    struct stream *stream = &((struct reader *)visitor)->stream;
    char piece[PIECE_BYTES];
    get_name(stream, name);
    buf_clear(bytes);
    for (size_t left = get_length(stream); left > 0 && !stream->failed;) {
        size_t count = left < sizeof piece ? left : sizeof piece;
        get(stream, piece, count);
        if (!stream->failed && !buf_add(bytes, piece, count))
            fail(stream, "a field is longer than in any such run");
        left -= count;
    }
}

static uint64_t size_of(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) ? (uint64_t)status.st_size
                                                                        : 0;
}

/* How large the file of such a run can be at most. */
struct measure {
    struct visitor visitor; /* first */
    uint64_t bytes;
};

static void measure_field(struct visitor *visitor, const char *name, void *values, size_t bytes)
{
    ((struct measure *)visitor)->bytes += 2 * sizeof(uint64_t) + strlen(name) + bytes;
}

static void measure_text(struct visitor *visitor, const char *name, struct buf *bytes)
{
    measure_field(visitor, name, NULL, bytes->maximum);
}

static bool has_possible_size(struct stream *stream, const struct checkpoint *checkpoint)
{
    struct measure measure = { .visitor = { measure_field, measure_text } };
    checkpoint->visit(checkpoint->run, &measure.visitor);
    uint64_t most = MAGIC_BYTES + IDENTITY_BYTES_MOST + sizeof(XXH128_canonical_t) + measure.bytes;
    if (size_of(stream->file) <= most)
        return true;
    fail(stream, "it is larger than that of such a run can be");
    return false;
}

/* Does the checksum at the end fit all before it? Leaves the file at its beginning. */
static bool is_whole(struct stream *stream)
{
    XXH128_canonical_t sum;
    uint64_t size = size_of(stream->file);
    char piece[PIECE_BYTES];
    if (size < MAGIC_BYTES + sizeof sum)
        return false;
    XXH3_state_t *hash = XXH3_createState();
    XXH3_128bits_reset(hash);
    stream->left = size;
    while (stream->left > sizeof sum && !stream->failed) {
        uint64_t rest = stream->left - sizeof sum;
        size_t count = rest < sizeof piece ? (size_t)rest : sizeof piece;
        get(stream, piece, count);
        if (!stream->failed)
            XXH3_128bits_update(hash, piece, count);
    }
    get(stream, &sum, sizeof sum);
    bool fits = !stream->failed &&
                XXH128_isEqual(XXH128_hashFromCanonical(&sum), XXH3_128bits_digest(hash));
    XXH3_freeState(hash);
    rewind(stream->file);
    stream->left = size - sizeof sum;
    return fits;
}

static bool has_format(struct stream *stream)
{
    char found[MAGIC_BYTES] = "";
    get(stream, found, sizeof found);
    if (stream->failed || memcmp(found, magic, sizeof found) != 0) {
        fail(stream, "it is of another format");
        return false;
    }
    return true;
}

static bool has_identity(struct stream *stream, const struct buf *identity)
{
    size_t length = get_length(stream);
    if (stream->failed || length > IDENTITY_BYTES_MOST) {
        fail(stream, "it does not say what made it");
        return false;
    }
    char *found = xcalloc(length + 1, 1);
    get(stream, found, length);
    bool same = !stream->failed && length == identity->length &&
                memcmp(found, identity->bytes, length) == 0;
    if (!same) {
        struct buf sentence;
        buf_init(&sentence, IDENTITY_BYTES_MOST);
        identity_difference(found, identity->bytes, &sentence);
        fail(stream, sentence.bytes);
        buf_free(&sentence);
    }
    free(found);
    return same;
}

static bool read_content(struct reader *reader, const struct checkpoint *checkpoint)
{
    struct stream *stream = &reader->stream;
    if (!has_possible_size(stream, checkpoint))
        return false;
    if (!is_whole(stream)) {
        fail(stream, "it is damaged: its checksum does not fit");
        return false;
    }
    if (!has_format(stream) || !has_identity(stream, checkpoint->identity))
        return false;
    checkpoint->visit(checkpoint->run, &reader->visitor);
    if (!stream->failed && stream->left != 0)
        fail(stream, "it goes on after its last field");
    return !stream->failed;
}

/* NULL with an errno; a FIFO is not waited for, nor a link followed. */
static FILE *open_checkpoint(const char *path)
{
    int directory = open_directory(path);
    if (directory < 0)
        return NULL;
    FILE *file = open_stream(
        openat(directory, CHECKPOINT_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW), "rb");
    int reason = errno;
    close(directory);
    errno = reason;
    return file;
}

enum checkpoint_found checkpoint_file_load(const char *path, const struct checkpoint *checkpoint,
                                           struct error *why)
{
    struct reader reader = { .visitor = { load_field, load_text } };
    reader.stream.file = open_checkpoint(path);
    if (reader.stream.file == NULL && errno == ENOENT)
        return CHECKPOINT_NONE;
    if (reader.stream.file == NULL) {
        error_set(why, CHECKPOINT_FILE " is not used, and the run begins anew: %s",
                  strerror(errno));
        return CHECKPOINT_REFUSED;
    }
    bool loaded = read_content(&reader, checkpoint);
    fclose(reader.stream.file);
    if (!loaded)
        error_set(why, CHECKPOINT_FILE " is not used, and the run begins anew: %s",
                  reader.stream.error.text);
    return loaded ? CHECKPOINT_LOADED : CHECKPOINT_REFUSED;
}

/* ---- the directory -------------------------------------------------------------------------- */

static bool is_part(const char *name)
{
    size_t length = strlen(name), prefix = strlen(CHECKPOINT_FILE ".");
    return length > prefix + strlen(".part") && strncmp(name, CHECKPOINT_FILE ".", prefix) == 0 &&
           strcmp(name + length - strlen(".part"), ".part") == 0;
}

/* False: the directory cannot be opened. */
static bool remove_parts(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (is_part(entry->d_name))
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    return true;
}

bool checkpoint_file_check(const char *path, struct error *error)
{
    if (remove_parts(path))
        return true;
    error_set(error, "checkpoint_dir: %s: %s; name a directory that is there", path,
              strerror(errno));
    return false;
}

bool checkpoint_file_remove(const char *path, struct error *error)
{
    int directory = remove_parts(path) ? open_directory(path) : -1;
    if (directory < 0 && errno == ENOENT)
        return true;
    if (directory >= 0 && (unlinkat(directory, CHECKPOINT_FILE, 0) == 0 || errno == ENOENT)) {
        close(directory);
        return true;
    }
    error_set(error, CHECKPOINT_FILE " cannot be removed: %s", strerror(errno));
    if (directory >= 0)
        close(directory);
    return false;
}
