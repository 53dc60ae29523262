/* flips DATABASE FLIPS SEED [SECONDS]: flips one random bit of a copy of the file after the other,
 * has the doctor examine each copy, and tells how many flips it found, how many changed nothing
 * that can be read, and how many it missed: none may be. Flips are made in a file in memory where
 * there is /dev/shm. With SECONDS it ends by then, however many flips that were. */
#include "common/hash.h"
#include "common/rng.h"
#include "common/xalloc.h"
#include "coordinator/doctor/doctor.h"
#include "coordinator/store/columns.h"
#include "coordinator/store/store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct flips {
    char *path; /* of the copy */
    unsigned char *bytes;
    size_t size;
    int file;         /* the copy, open */
    uint64_t content; /* of the undamaged file */
    int64_t found, harmless, missed;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "flips: %s: %s\n", what, why);
    exit(2);
}

/* ---- what a plain reader sees: every value of every table, with its type */

static uint64_t mix_value(uint64_t hash, sqlite3_stmt *row, int column)
{
    int type = sqlite3_column_type(row, column);
    int64_t integer = sqlite3_column_int64(row, column);
    double real = sqlite3_column_double(row, column);
    hash = hash_bytes(hash, &type, sizeof type);
    if (type == SQLITE_INTEGER)
        return hash_bytes(hash, &integer, sizeof integer);
    if (type == SQLITE_FLOAT)
        return hash_bytes(hash, &real, sizeof real);
    const void *bytes = sqlite3_column_blob(row, column);
    return hash_bytes(hash, bytes, (size_t)sqlite3_column_bytes(row, column));
}

static bool mix_table(uint64_t *hash, sqlite3 *db, const char *name)
{
    sqlite3_stmt *rows;
    char *sql = xasprintf("SELECT * FROM %s", name);
    int rc = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++)
            *hash = mix_value(*hash, rows, i);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(rows);
    free(sql);
    return rc == SQLITE_DONE;
}

/* 0 when it cannot be read. */
static uint64_t read_content(const char *path)
{
    static const char *const others[] = { "point", "integrity" };
    uint64_t hash = HASH_START;
    sqlite3 *db;
    bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;
    for (int i = 0; i < TABLES && good; i++)
        good = mix_table(&hash, db, schema_tables[i].name);
    for (size_t i = 0; i < sizeof others / sizeof *others && good; i++)
        good = mix_table(&hash, db, others[i]);
    sqlite3_close(db);
    return good ? hash : 0;
}

/* ---- what the doctor sees */

static void ignore_finding(void *context, const struct finding *finding)
{
    if (context != NULL)
        printf("# %s: %s\n", finding->place, finding->fault);
}

static bool doctor_finds(const char *path, void *verbose)
{
    struct error error = { "" };
    struct diagnosis diagnosis;
    struct doctor_listener listener = { ignore_finding, NULL, verbose };
    sqlite3 *db;
    if (!store_open_readonly(&db, path, &error)) {
        if (verbose != NULL)
            printf("# %s\n", error.text);
        return true;
    }
    bool examined = doctor_examine(db, &listener, &diagnosis, &error);
    bool found = !examined || diagnosis.findings > 0;
    diagnosis_free(&diagnosis);
    sqlite3_close(db);
    return found;
}

/* ---- the copy */

static void load(struct flips *flips, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0)
        die(path, "cannot be read");
    flips->size = (size_t)status.st_size;
    flips->bytes = xcalloc(1, flips->size);
    if (read(file, flips->bytes, flips->size) != (ssize_t)flips->size)
        die(path, "cannot be read to its end");
    close(file);
}

static void make_copy(struct flips *flips)
{
    const char *directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
    flips->path = xasprintf("%s/ldt-flips.XXXXXX", directory != NULL ? directory : "/tmp");
    flips->file = mkstemp(flips->path);
    if (flips->file < 0 || write(flips->file, flips->bytes, flips->size) != (ssize_t)flips->size)
        die(flips->path, "cannot be written");
}

static void put_byte(const struct flips *flips, size_t at, unsigned char byte)
{
    if (pwrite(flips->file, &byte, 1, (off_t)at) != 1)
        die(flips->path, "cannot be written");
}

static void remove_copy(struct flips *flips)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++) {
        char *name = xasprintf("%s%s", flips->path, suffixes[i]);
        unlink(name);
        free(name);
    }
    close(flips->file);
    free(flips->path);
    free(flips->bytes);
}

static void flip(struct flips *flips, size_t bit)
{
    size_t at = bit / 8;
    put_byte(flips, at, flips->bytes[at] ^ (unsigned char)(1u << bit % 8));
    if (doctor_finds(flips->path, NULL)) {
        flips->found++;
    } else if (read_content(flips->path) == flips->content) {
        flips->harmless++;
    } else {
        flips->missed++;
        printf("# missed: bit %zu of byte %zu (page %zu)\n", bit % 8, at, at / 4096 + 1);
    }
    put_byte(flips, at, flips->bytes[at]);
}

static void flip_many(struct flips *flips, int64_t count, uint64_t seed, double seconds)
{
    struct timespec start, now;
    struct rng rng;
    rng_init(&rng, seed, RNG_TEST, 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int64_t i = 0; i < count; i++) {
        flip(flips, (size_t)rng_below(&rng, flips->size * 8));
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (seconds > 0 && (double)(now.tv_sec - start.tv_sec) >= seconds)
            break;
    }
}

int main(int argc, char **argv)
{
    struct flips flips = { 0 };
    if (argc < 4)
        die("usage", "flips DATABASE FLIPS SEED [SECONDS]");
    load(&flips, argv[1]);
    make_copy(&flips);
    flips.content = read_content(flips.path);
    if (flips.content == 0 || doctor_finds(flips.path, stdout)) {
        remove_copy(&flips);
        die(argv[1], "is not sound to begin with");
    }
    flip_many(&flips, atoll(argv[2]), strtoull(argv[3], NULL, 10), argc > 4 ? atof(argv[4]) : 0);
    printf("%" PRId64 " flips (seed %s): %" PRId64 " found, %" PRId64
           " changed nothing that is read, %" PRId64 " missed\n",
           flips.found + flips.harmless + flips.missed, argv[3], flips.found, flips.harmless,
           flips.missed);
    remove_copy(&flips);
    return flips.missed == 0 ? 0 : 1;
}
