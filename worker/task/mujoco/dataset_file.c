#include "worker/task/mujoco/dataset_file.h"
#include "common/xalloc.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char magic[8] = "LDTDATA1";
enum { MOST_NUMBERS = 256 }; /* in one observation or action */

struct header {
    char magic[8];
    char name[DATASET_NAME_BYTES];
    int32_t observations, actions, n_train, n_test;
};

/* The three arrays, in the order of the file. */
enum { PARTS = 3 };
struct part {
    double *numbers;
    size_t bytes;
};

static void list_parts(struct part parts[PARTS], const struct dataset *dataset)
{
    size_t count = ((size_t)dataset->n_train + (size_t)dataset->n_test) * sizeof(double);
    parts[0] = (struct part){ dataset->y, count };
    parts[1] = (struct part){ dataset->x, count * dataset_inputs(dataset) };
    parts[2] = (struct part){ dataset->xstar, count * dataset_privileged(dataset) };
}

/* Against accidents, not against forgery. Each step can be undone, so that no change of a single
 * word goes unseen; the rotation keeps changes of the highest bits from cancelling out. */
static uint64_t checksum(uint64_t sum, const void *bytes, size_t count)
{
    const unsigned char *from = bytes;
    assert(count % sizeof(uint64_t) == 0);
    for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, from + i, sizeof word);
        sum ^= word;
        sum = (sum << 23 | sum >> 41) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    }
    return sum;
}

static struct header header_of(const struct dataset *dataset, const struct dataset_request *request)
{
    struct header header = {
        .observations = dataset->observations,
        .actions = dataset->actions,
        .n_train = dataset->n_train,
        .n_test = dataset->n_test,
    };
    memcpy(header.magic, magic, sizeof magic);
    dataset_file_name(header.name, request);
    return header;
}

void dataset_file_name(char out[DATASET_NAME_BYTES], const struct dataset_request *request)
{
    memset(out, 0, DATASET_NAME_BYTES);
    int length =
        snprintf(out, DATASET_NAME_BYTES, "%s-%d-%d-seed%llu-generator%d-libmujoco%d.data",
                 request->environment->name, request->n_train, request->n_test,
                 (unsigned long long)request->data_seed, DATASET_GENERATOR, simulator_version());
    assert(length > 0 && length < DATASET_NAME_BYTES);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum dataset_file_result damaged(struct error *error, const char *path, const char *how)
{
    error_set(error, "%s: %s", path, how);
    return DATASET_FILE_DAMAGED;
}

static enum dataset_file_result stopped(struct error *error, const char *path, FILE *file)
{
    if (!ferror(file))
        return damaged(error, path, "it ends too early");
    error_set(error, "cannot read %s: %s", path, strerror(errno));
    return DATASET_FILE_UNREADABLE;
}

/* Sizes that can be meant, and of which the file has the length. */
static bool header_fits(const struct header *header, const struct dataset_request *request,
                        FILE *file)
{
    char name[DATASET_NAME_BYTES];
    struct stat status;
    struct part parts[PARTS];
    dataset_file_name(name, request);
    if (memcmp(header->magic, magic, sizeof magic) != 0 ||
        memcmp(header->name, name, sizeof name) != 0 || header->n_train != request->n_train ||
        header->n_test != request->n_test || header->observations < 1 || header->actions < 1 ||
        header->observations > MOST_NUMBERS || header->actions > MOST_NUMBERS)
        return false;
    list_parts(parts, &(struct dataset){ .observations = header->observations,
                                         .actions = header->actions,
                                         .n_train = header->n_train,
                                         .n_test = header->n_test });
    size_t bytes = sizeof *header + parts[0].bytes + parts[1].bytes + parts[2].bytes;
    return fstat(fileno(file), &status) == 0 &&
           (uint64_t)status.st_size == bytes + sizeof(uint64_t);
}

static enum dataset_file_result read_parts(struct dataset *out, const struct header *header,
                                           const char *path, FILE *file, struct error *error)
{
    struct part parts[PARTS];
    uint64_t sum = checksum(0, header, sizeof *header), recorded;
    list_parts(parts, out);
    for (int i = 0; i < PARTS; i++) {
        if (fread(parts[i].numbers, 1, parts[i].bytes, file) != parts[i].bytes)
            return stopped(error, path, file);
        sum = checksum(sum, parts[i].numbers, parts[i].bytes);
    }
    if (fread(&recorded, sizeof recorded, 1, file) != 1)
        return stopped(error, path, file);
    if (sum != recorded)
        return damaged(error, path, "its checksum does not fit its content");
    return DATASET_FILE_READ;
}

static enum dataset_file_result read_open(struct dataset *out, const char *path, FILE *file,
                                          const struct dataset_request *request,
                                          struct error *error)
{
    struct header header;
    if (fread(&header, sizeof header, 1, file) != 1)
        return stopped(error, path, file);
    if (!header_fits(&header, request, file))
        return damaged(error, path, "its header or length is not that of its name");
    *out = (struct dataset){ .observations = header.observations,
                             .actions = header.actions,
                             .n_train = header.n_train,
                             .n_test = header.n_test };
    dataset_reserve(out);
    enum dataset_file_result result = read_parts(out, &header, path, file, error);
    if (result != DATASET_FILE_READ)
        dataset_free(out);
    return result;
}

enum dataset_file_result dataset_file_read(struct dataset *out, const char *path,
                                           const struct dataset_request *request,
                                           struct error *error)
{
    *out = (struct dataset){ 0 };
    FILE *file = fopen(path, "rbe");
    if (file == NULL && errno == ENOENT)
        return DATASET_FILE_MISSING;
    if (file == NULL) {
        error_set(error, "cannot open %s: %s", path, strerror(errno));
        return DATASET_FILE_UNREADABLE;
    }
    enum dataset_file_result result = read_open(out, path, file, request, error);
    fclose(file);
    return result;
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool write_open(const struct dataset *dataset, FILE *file,
                       const struct dataset_request *request)
{
    struct header header = header_of(dataset, request);
    struct part parts[PARTS];
    uint64_t sum = checksum(0, &header, sizeof header);
    list_parts(parts, dataset);
    if (fwrite(&header, sizeof header, 1, file) != 1)
        return false;
    for (int i = 0; i < PARTS; i++) {
        sum = checksum(sum, parts[i].numbers, parts[i].bytes);
        if (fwrite(parts[i].numbers, 1, parts[i].bytes, file) != parts[i].bytes)
            return false;
    }
    return fwrite(&sum, sizeof sum, 1, file) == 1;
}

bool dataset_file_write(const struct dataset *dataset, const char *path,
                        const struct dataset_request *request, struct error *error)
{
    char *part = xasprintf("%s.part", path);
    FILE *file = fopen(part, "wbe");
    bool written = file != NULL && write_open(dataset, file, request);
    int cause = errno;
    if (file != NULL && fclose(file) != 0 && written) {
        written = false;
        cause = errno;
    }
    if (written && rename(part, path) != 0) {
        written = false;
        cause = errno;
    }
    if (!written) {
        error_set(error, "cannot write %s: %s; LDT_CACHE names another directory for data sets",
                  part, strerror(cause));
        if (file != NULL)
            remove(part);
    }
    free(part);
    return written;
}
