#include "worker/task/npz.h"
#include "common/rng.h"
#include "npy_files.h"
#include "worker/task/npz_reader.h"
#include "worker/task/zip.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct directory directory;

static int make_directory(void **state)
{
    directory = directory_make();
    return 0;
}

static int remove_directory(void **state)
{
    directory_remove(&directory);
    return 0;
}

static const char *archive(void)
{
    return path_in(&directory, "model.npz");
}

static const float weights[2][3] = { { 1, 2, 3 }, { -4, 5.5f, 6 } };
static const double mean[4] = { 0.1, -1e300, 3, 4 };
static const int64_t counts[1] = { -7 };

static void add_everything(struct npz *npz)
{
    npz_add(npz, "student.0.weights", NPZ_FLOAT32, weights, (size_t[]){ 2, 3 }, 2);
    npz_add(npz, "x_mean", NPZ_FLOAT64, mean, (size_t[]){ 4 }, 1);
    npz_add(npz, "bins", NPZ_INT64, counts, NULL, 0);
    npz_add(npz, "nothing", NPZ_FLOAT32, NULL, (size_t[]){ 0, 5 }, 2);
    npz_add_text(npz, "settings", "{\"task\":\"arrays\"}");
}

static void write_archive(void)
{
    struct npz *npz;
    struct error error;
    assert_true(npz_create(&npz, archive(), &error));
    add_everything(npz);
    assert_true(npz_finish(&npz, &error));
    assert_null(npz);
}

static size_t read_file(const char *path, unsigned char *out, size_t most)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(out, 1, most, file);
    fclose(file);
    assert_true(length < most);
    return length;
}

static struct npz_reader *opened(void)
{
    struct npz_reader *reader;
    struct error error;
    if (!npz_open(&reader, archive(), &error))
        fail_msg("%s", error.text);
    return reader;
}

static void what_was_written_is_read_back(void **state)
{
    write_archive();
    struct npz_reader *reader = opened();
    struct error error;
    struct npy npy;
    char *text;
    assert_true(npz_get(reader, "student.0.weights", &npy, &error));
    assert_int_equal(npy.rank, 2);
    assert_int_equal(npy.shape[0], 2);
    assert_int_equal(npy.shape[1], 3);
    assert_string_equal(npy.type, "<f4");
    assert_true(npy.values[4] == 5.5);
    npy_free(&npy);
    assert_true(npz_get(reader, "x_mean", &npy, &error));
    assert_int_equal(npy.rank, 1);
    assert_memory_equal(npy.values, mean, sizeof mean);
    npy_free(&npy);
    assert_true(npz_get(reader, "bins", &npy, &error));
    assert_true(npy.rank == 0 && npy.values[0] == -7);
    npy_free(&npy);
    assert_true(npz_get(reader, "nothing", &npy, &error));
    assert_int_equal(npy.count, 0);
    npy_free(&npy);
    assert_true(npz_get_text(reader, "settings", &text, &error));
    assert_string_equal(text, "{\"task\":\"arrays\"}");
    free(text);
    assert_true(npz_has(reader, "bins"));
    assert_false(npz_has(reader, "bin"));
    npz_close(&reader);
    assert_null(reader);
}

static unsigned number(const unsigned char *at, int bytes)
{
    return bytes == 0 ? 0 : at[0] + (number(at + 1, bytes - 1) << 8);
}

/* The bytes against the description of the format, by hand: first member and end. */
static void the_layout_is_that_of_a_zip_file(void **state)
{
    unsigned char bytes[4096];
    write_archive();
    size_t length = read_file(archive(), bytes, sizeof bytes);
    assert_memory_equal(bytes, "PK\x03\x04\x0a\x00\x00\x00\x00\x00\x00\x00\x21\x00", 14);
    unsigned crc = number(bytes + 14, 4), size = number(bytes + 18, 4);
    assert_int_equal(number(bytes + 22, 4), size);
    assert_int_equal(number(bytes + 26, 2), 21);
    assert_int_equal(number(bytes + 28, 2), 0);
    assert_memory_equal(bytes + 30, "student.0.weights.npy", 21);
    assert_memory_equal(bytes + 51, "\x93NUMPY\x01\x00", 8);
    assert_int_equal((10 + number(bytes + 59, 2)) % 64, 0);
    assert_int_equal(size, 10 + number(bytes + 59, 2) + sizeof weights);
    assert_int_equal(crc, zip_crc(0, bytes + 51, size));
    assert_memory_equal(bytes + 51 + size, "PK\x03\x04", 4);

    const unsigned char *end = bytes + length - 22;
    assert_memory_equal(end, "PK\x05\x06", 4);
    assert_int_equal(number(end + 10, 2), 5);
    const unsigned char *entry = bytes + number(end + 16, 4);
    assert_ptr_equal(entry + number(end + 12, 4), end);
    assert_memory_equal(entry, "PK\x01\x02", 4);
    assert_int_equal(number(entry + 16, 4), crc);
    assert_int_equal(number(entry + 24, 4), size);
    assert_int_equal(number(entry + 42, 4), 0);
    assert_memory_equal(entry + 46, "student.0.weights.npy", 21);
}

static void the_checksum_is_the_known_one(void **state)
{
    assert_int_equal(zip_crc(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(zip_crc(zip_crc(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(zip_crc(0, "", 0), 0);
}

static void the_same_arrays_give_the_same_bytes(void **state)
{
    unsigned char first[4096], second[4096];
    write_archive();
    size_t length = read_file(archive(), first, sizeof first);
    write_archive();
    assert_int_equal(read_file(archive(), second, sizeof second), length);
    assert_memory_equal(first, second, length);
}

static void an_archive_appears_only_when_it_is_complete(void **state)
{
    struct npz *npz;
    struct error error;
    assert_true(npz_create(&npz, archive(), &error));
    add_everything(npz);
    assert_int_not_equal(access(archive(), F_OK), 0);
    npz_abandon(&npz);
    assert_null(npz);
    assert_int_not_equal(access(archive(), F_OK), 0);
    assert_int_not_equal(access(path_in(&directory, "model.npz.part"), F_OK), 0);
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    struct npz *npz;
    struct error error;
    assert_false(npz_create(&npz, path_in(&directory, "none/model.npz"), &error));
    assert_null(npz);
    assert_non_null(strstr(error.text, "none/model.npz.part: cannot be written: No such file"));
}

static void what_is_no_regular_file_is_not_renamed_over(void **state)
{
    struct npz *npz;
    struct error error;
    assert_int_equal(mkfifo(archive(), 0600), 0); /* or a device */
    assert_false(npz_create(&npz, archive(), &error));
    assert_null(npz);
    assert_non_null(strstr(error.text, "model.npz: is no regular file"));
}

/* A limit on the length of files stands for a full disk. */
static void a_write_that_fails_leaves_the_old_archive(void **state)
{
    unsigned char before[4096], after[4096];
    struct rlimit old, low;
    struct npz *npz;
    struct error error;
    write_archive();
    size_t length = read_file(archive(), before, sizeof before);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    low = old;
    low.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &low);
    assert_true(npz_create(&npz, archive(), &error));
    add_everything(npz);
    bool finished = npz_finish(&npz, &error);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_false(finished);
    assert_null(npz);
    assert_non_null(strstr(error.text, "model.npz: cannot be written: File too large"));
    assert_int_equal(read_file(archive(), after, sizeof after), length);
    assert_memory_equal(before, after, length);
    assert_int_not_equal(access(path_in(&directory, "model.npz.part"), F_OK), 0);
}

/* Runs lines of Python in the test's directory. */
static int python(const char *lines)
{
    char command[1500];
    snprintf(command, sizeof command, "cd '%s' && python3 -c '%s' >/dev/null 2>&1", directory.path,
             lines);
    return system(command);
}

static void numpy_reads_what_is_written_and_what_numpy_writes_is_read(void **state)
{
    struct error error;
    struct npy npy;
    if (python("import numpy") != 0)
        skip();
    write_archive();
    assert_int_equal(python("import numpy as np\n"
                            "a = np.load(\"model.npz\")\n"
                            "w = a[\"student.0.weights\"]\n"
                            "assert w.dtype == np.float32 and w.shape == (2, 3)\n"
                            "assert w.tolist() == [[1, 2, 3], [-4, 5.5, 6]]\n"
                            "assert a[\"x_mean\"].tolist() == [0.1, -1e300, 3, 4]\n"
                            "assert a[\"bins\"] == -7 and a[\"bins\"].shape == ()\n"
                            "assert a[\"nothing\"].shape == (0, 5)\n"
                            "assert a[\"settings\"].item() == b\"{\\\"task\\\":\\\"arrays\\\"}\"\n"
                            "np.savez(\"model.npz\", n=np.arange(6, dtype=\"u2\").reshape(3, 2))"),
                     0);
    struct npz_reader *reader = opened();
    assert_true(npz_get(reader, "n", &npy, &error));
    assert_true(npy.rank == 2 && npy.shape[0] == 3 && npy.values[5] == 5);
    npy_free(&npy);
    npz_close(&reader);
}

static void an_empty_text_is_one_nul(void **state)
{
    struct npz *npz;
    struct error error;
    char *text;
    assert_true(npz_create(&npz, archive(), &error));
    npz_add_text(npz, "t", "");
    assert_true(npz_finish(&npz, &error));
    struct npz_reader *reader = opened();
    assert_true(npz_get_text(reader, "t", &text, &error));
    assert_string_equal(text, "");
    free(text);
    npz_close(&reader);
}

static void assert_refused(const unsigned char *bytes, size_t length, const char *sentence)
{
    struct npz_reader *reader;
    struct error error;
    write_bytes(archive(), bytes, length);
    assert_false(npz_open(&reader, archive(), &error));
    assert_null(reader);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("%s", error.text);
}

static void what_is_missing_damaged_or_of_another_kind_is_refused(void **state)
{
    unsigned char bytes[4096], changed[4096];
    struct error error;
    struct npy npy;
    char *text;
    write_archive();
    size_t length = read_file(archive(), bytes, sizeof bytes);
    struct npz_reader *reader = opened();
    assert_false(npz_get(reader, "y", &npy, &error));
    assert_non_null(strstr(error.text, "model.npz: expected an array named y, found none"));
    assert_false(npz_get(reader, "settings", &npy, &error));
    assert_non_null(strstr(error.text, "model.npz: settings: expected float32"));
    assert_false(npz_get_text(reader, "x_mean", &text, &error));
    assert_non_null(strstr(error.text, "x_mean: expected a text of at most"));
    npz_close(&reader);

    assert_refused(bytes, length - 1, "found another kind of file");
    assert_refused((const unsigned char *)"short", 5, "found another kind of file");
    size_t entry = number(bytes + length - 6, 4);
    memcpy(changed, bytes, length);
    changed[entry + 10] = 8;
    assert_refused(changed, length, "found compressed arrays; save it with numpy.savez");
    memcpy(changed, bytes, length);
    changed[entry + 46 + 17] = '_';
    assert_refused(changed, length, "found a member that is no array");
    memcpy(changed, bytes, length);
    changed[51 + 130] ^= 1; /* one bit of a weight */
    write_bytes(archive(), changed, length);
    reader = opened();
    assert_false(npz_get(reader, "student.0.weights", &npy, &error));
    assert_non_null(strstr(error.text, "found a wrong checksum"));
    npz_close(&reader);
}

static void mutated_archives_are_read_or_refused(void **state)
{
    enum { ROUNDS = 2000, SEED = 31 };
    unsigned char bytes[4096], changed[4096];
    int refused = 0;
    write_archive();
    size_t length = read_file(archive(), bytes, sizeof bytes);
    size_t directory_at = number(bytes + length - 6, 4);
    print_message("# seed %d\n", SEED);
    for (int round = 0; round < ROUNDS; round++) {
        struct rng rng;
        struct npz_reader *reader;
        struct error error = { "" };
        struct npy npy;
        rng_init(&rng, SEED, RNG_TEST, (uint64_t)round);
        memcpy(changed, bytes, length);
        for (uint64_t changes = 1 + rng_below(&rng, 3); changes > 0; changes--) {
            size_t from = rng_below(&rng, 2) ? directory_at : 0;
            changed[from + rng_below(&rng, length - from)] = (unsigned char)rng_u64(&rng);
        }
        size_t kept = rng_below(&rng, 8) ? length : (size_t)rng_below(&rng, length);
        write_bytes(archive(), changed, kept);
        bool good = npz_open(&reader, archive(), &error) &&
                    npz_get(reader, "student.0.weights", &npy, &error);
        if (good)
            assert_memory_equal(&npy.count, &(size_t){ 6 }, sizeof npy.count);
        else
            assert_non_null(strstr(error.text, "model.npz: "));
        refused += !good;
        if (good)
            npy_free(&npy);
        npz_close(&reader);
    }
    assert_true(refused > ROUNDS / 4 && refused < ROUNDS);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(what_was_written_is_read_back),
        IN_DIRECTORY(the_layout_is_that_of_a_zip_file),
        IN_DIRECTORY(the_checksum_is_the_known_one),
        IN_DIRECTORY(the_same_arrays_give_the_same_bytes),
        IN_DIRECTORY(an_archive_appears_only_when_it_is_complete),
        IN_DIRECTORY(a_place_that_cannot_be_written_is_named),
        IN_DIRECTORY(what_is_no_regular_file_is_not_renamed_over),
        IN_DIRECTORY(a_write_that_fails_leaves_the_old_archive),
        IN_DIRECTORY(numpy_reads_what_is_written_and_what_numpy_writes_is_read),
        IN_DIRECTORY(an_empty_text_is_one_nul),
        IN_DIRECTORY(what_is_missing_damaged_or_of_another_kind_is_refused),
        IN_DIRECTORY(mutated_archives_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
