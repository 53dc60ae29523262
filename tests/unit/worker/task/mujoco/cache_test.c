#include "worker/task/mujoco/cache.h"
#include "worker/task/mujoco/dataset_file.h"
#include "common/xalloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a directory of its own for each test ---------------------------------------------------- */

static char root[4096];

static int enter(void **state)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/ldt-cache-XXXXXX", temporary ? temporary : "/tmp");
    if (mkdtemp(root) == NULL)
        return -1;
    char *caches = xasprintf("%s/a/b", root);
    setenv("LDT_CACHE", caches, 1);
    free(caches);
    return 0;
}

static int leave(void **state)
{
    char *command = xasprintf("rm -rf '%s'", root);
    int status = system(command);
    free(command);
    return status;
}

static struct dataset_request request_of(int n_train)
{
    return (struct dataset_request){ environment_find("swimmer"), n_train, 2, 9 };
}

static struct dataset get(struct dataset_request request)
{
    struct dataset dataset;
    struct error error = { .text = "" };
    if (!cache_get(&dataset, &request, &error))
        fail_msg("%s", error.text);
    assert_string_equal(error.text, "");
    return dataset;
}

static char *path_of(struct dataset_request request)
{
    char name[DATASET_NAME_BYTES];
    dataset_file_name(name, &request);
    return xasprintf("%s/%s", getenv("LDT_CACHE"), name);
}

static bool same(const struct dataset *a, const struct dataset *b)
{
    size_t rows = (size_t)a->n_train + (size_t)a->n_test;
    return a->n_train == b->n_train && a->n_test == b->n_test &&
           a->observations == b->observations && a->actions == b->actions &&
           memcmp(a->x, b->x, rows * dataset_inputs(a) * sizeof(double)) == 0 &&
           memcmp(a->xstar, b->xstar, rows * dataset_privileged(a) * sizeof(double)) == 0 &&
           memcmp(a->y, b->y, rows * sizeof(double)) == 0;
}

static struct stat status_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        fail_msg("%s is not there", path);
    return status;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_is_read_is_what_was_made_and_it_is_made_once(void **state)
{
    struct dataset_request request = request_of(5);
    struct dataset direct, first = get(request);
    struct error error;
    char *path = path_of(request);
    struct stat made = status_of(path);
    struct dataset second = get(request);
    struct stat read = status_of(path);
    assert_true(dataset_make(&direct, &request, &error));
    assert_true(same(&first, &direct));
    assert_true(same(&first, &second));
    assert_true(made.st_ino == read.st_ino && made.st_mtim.tv_nsec == read.st_mtim.tv_nsec);
    free(path);
    dataset_free(&direct);
    dataset_free(&first);
    dataset_free(&second);
}

static void every_part_of_a_request_has_a_file_of_its_own(void **state)
{
    struct dataset_request base = request_of(5);
    struct dataset_request others[] = { base, base, base, base };
    others[0].environment = environment_find("hopper");
    others[1].n_train = 6;
    others[2].n_test = 3;
    others[3].data_seed = 10;
    char name[DATASET_NAME_BYTES], other[DATASET_NAME_BYTES];
    dataset_file_name(name, &base);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        dataset_file_name(other, &others[i]);
        assert_string_not_equal(name, other);
    }
    char version[32];
    snprintf(version, sizeof version, "libmujoco%d", simulator_version());
    assert_non_null(strstr(name, version));
    others[0].environment = environment_find("halfcheetah");
    others[0].n_train = others[0].n_test = 10000000;
    others[0].data_seed = UINT64_MAX;
    dataset_file_name(other, &others[0]);
    assert_non_null(strstr(other, ".data"));
}

/* Changes the file; the data set must be made again with the same content, and kept. */
static void damage(const char *path, off_t at, off_t new_length)
{
    int file = open(path, O_RDWR);
    unsigned char byte = 0;
    assert_true(file >= 0);
    if (at >= 0) {
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= 0x80;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    assert_int_equal(ftruncate(file, new_length), 0);
    close(file);
}

static void a_damaged_file_is_made_again(void **state)
{
    struct dataset_request request = request_of(4);
    struct dataset whole = get(request);
    char *path = path_of(request);
    off_t length = status_of(path).st_size;
    /* header: magic, name, observations, n_train; each array; the checksum */
    const off_t places[] = { 0, 9, 112, 120, 130, 200, length / 2, length - 9, length - 1 };
    const off_t lengths[] = { 0, 7, 128, 129, length / 2, length - 1, length + 1 };
    size_t n_places = sizeof places / sizeof *places, n_lengths = sizeof lengths / sizeof *lengths;
    for (size_t i = 0; i < n_places + n_lengths; i++) {
        struct dataset unread;
        struct error error;
        damage(path, i < n_places ? places[i] : -1, i < n_places ? length : lengths[i - n_places]);
        assert_int_equal(dataset_file_read(&unread, path, &request, &error), DATASET_FILE_DAMAGED);
        assert_non_null(strstr(error.text, path));
        struct dataset again = get(request);
        assert_true(same(&whole, &again));
        dataset_free(&again);
        assert_int_equal(dataset_file_read(&again, path, &request, &error), DATASET_FILE_READ);
        dataset_free(&again);
    }
    dataset_free(&whole);
    free(path);
}

static void a_header_that_lies_about_its_sizes_is_not_believed(void **state)
{
    struct dataset_request request = request_of(4);
    struct dataset whole = get(request), unread;
    char *path = path_of(request);
    const int32_t lies[] = { 0, -1, INT32_MAX, INT32_MIN, 257 };
    for (off_t at = 112; at < 128; at += 4)
        for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
            int32_t truth;
            struct error error;
            int file = open(path, O_RDWR);
            assert_int_equal(pread(file, &truth, sizeof truth, at), sizeof truth);
            assert_int_equal(pwrite(file, &lies[i], sizeof lies[i], at), sizeof lies[i]);
            assert_int_equal(dataset_file_read(&unread, path, &request, &error),
                             DATASET_FILE_DAMAGED);
            assert_int_equal(pwrite(file, &truth, sizeof truth, at), sizeof truth);
            close(file);
        }
    dataset_free(&whole);
    free(path);
}

static void what_an_interrupted_writer_left_behind_is_in_nobodys_way(void **state)
{
    struct dataset_request request = request_of(3);
    struct dataset whole = get(request);
    char *path = path_of(request), *part = xasprintf("%s.part", path);
    assert_int_equal(rename(path, part), 0);
    damage(part, 200, 300);
    struct dataset again = get(request);
    assert_true(same(&whole, &again));
    assert_int_not_equal(access(part, F_OK), 0);
    dataset_free(&whole);
    dataset_free(&again);
    free(part);
    free(path);
}

/* Runs in a child, which tells by its exit status. */
static pid_t get_in_child(struct dataset_request request, const int go[2], const char *messages)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    struct dataset dataset;
    struct error error;
    char byte;
    int file = open(messages, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDERR_FILENO);
    close(go[1]);
    if (read(go[0], &byte, 1) != 0) /* all start when the parent closes the other end */
        _exit(3);
    bool got = cache_get(&dataset, &request, &error);
    if (got)
        dataset_free(&dataset);
    _exit(got ? 0 : 1);
}

static int count_lines(const char *path, const char *wanted)
{
    char line[1024];
    int count = 0;
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        count += strcmp(line, wanted) == 0;
    if (file != NULL)
        fclose(file);
    return count;
}

static void several_processes_that_want_it_at_once_make_it_once(void **state)
{
    enum { CHILDREN = 4 };
    struct dataset_request request = request_of(120);
    char *messages = xasprintf("%s/messages", root);
    int go[2];
    pid_t children[CHILDREN];
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = get_in_child(request, go, messages);
        assert_true(children[i] > 0);
    }
    close(go[0]);
    close(go[1]);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_lines(messages, "swimmer: 122 of 122 examples\n"), 1);
    free(messages);
}

/* The lock is the test's, until the child has said that it waits. */
static void who_had_to_wait_reads_what_the_other_one_made(void **state)
{
    struct dataset_request request = request_of(6);
    struct dataset dataset = get(request);
    struct error error;
    char *path = path_of(request), *lock = xasprintf("%s.lock", path), line[1024] = "";
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int held = open(lock, O_RDWR | O_CREAT, 0600), said[2], status;
    assert_int_equal(fcntl(held, F_OFD_SETLK, &whole), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pipe(said), 0);
    pid_t child = fork();
    if (child == 0) {
        close(held); /* else the child would have the lock as well */
        close(said[0]);
        dup2(said[1], STDERR_FILENO);
        _exit(cache_get(&dataset, &request, &error) ? 0 : 1);
    }
    close(said[1]);
    FILE *messages = fdopen(said[0], "r");
    assert_non_null(fgets(line, sizeof line, messages));
    assert_non_null(strstr(line, "event=data-set-wait"));
    assert_true(dataset_file_write(&dataset, path, &request, &error));
    close(held);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_null(fgets(line, sizeof line, messages)); /* no progress: it made nothing */
    fclose(messages);
    dataset_free(&dataset);
    free(lock);
    free(path);
}

static void a_full_disk_is_an_error_that_names_the_place_and_leaves_nothing(void **state)
{
    struct dataset_request request = request_of(8);
    struct dataset dataset;
    struct error error = { .text = "" };
    char *path = path_of(request), *part = xasprintf("%s.part", path);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool got = cache_get(&dataset, &request, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(got);
    assert_non_null(strstr(error.text, "cannot write "));
    assert_non_null(strstr(error.text, part));
    assert_non_null(strstr(error.text, "LDT_CACHE"));
    assert_int_not_equal(access(part, F_OK), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    dataset = get(request);
    dataset_free(&dataset);
    free(part);
    free(path);
}

static void a_place_that_is_no_directory_is_an_error_that_says_so(void **state)
{
    struct dataset_request request = request_of(3);
    struct dataset dataset;
    struct error error;
    char *file = xasprintf("%s/file", root), *below = xasprintf("%s/caches", file);
    close(open(file, O_WRONLY | O_CREAT, 0600));
    setenv("LDT_CACHE", file, 1);
    assert_false(cache_get(&dataset, &request, &error));
    assert_non_null(strstr(error.text, file));
    setenv("LDT_CACHE", below, 1);
    assert_false(cache_get(&dataset, &request, &error));
    assert_non_null(strstr(error.text, below));
    free(below);
    free(file);
}

static void the_directory_is_the_users_own_unless_named(void **state)
{
    struct dataset_request request = request_of(2);
    struct dataset dataset;
    struct error error;
    char name[DATASET_NAME_BYTES], *caches = xasprintf("%s/caches", root);
    char *home = getenv("HOME") ? xstrdup(getenv("HOME")) : NULL;
    dataset_file_name(name, &request);
    unsetenv("LDT_CACHE");
    setenv("XDG_CACHE_HOME", caches, 1);
    setenv("HOME", root, 1);
    dataset = get(request);
    char *in_caches = xasprintf("%s/ldt/%s", caches, name);
    char *in_home = xasprintf("%s/.cache/ldt/%s", root, name);
    status_of(in_caches);
    dataset_free(&dataset);
    unsetenv("XDG_CACHE_HOME");
    dataset = get(request);
    status_of(in_home);
    dataset_free(&dataset);
    unsetenv("HOME");
    assert_false(cache_get(&dataset, &request, &error));
    assert_non_null(strstr(error.text, "LDT_CACHE"));
    if (home != NULL)
        setenv("HOME", home, 1);
    free(home);
    free(caches);
    free(in_caches);
    free(in_home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_read_is_what_was_made_and_it_is_made_once, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(every_part_of_a_request_has_a_file_of_its_own, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_made_again, enter, leave),
        cmocka_unit_test_setup_teardown(a_header_that_lies_about_its_sizes_is_not_believed, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(what_an_interrupted_writer_left_behind_is_in_nobodys_way,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(several_processes_that_want_it_at_once_make_it_once, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(who_had_to_wait_reads_what_the_other_one_made, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(
            a_full_disk_is_an_error_that_names_the_place_and_leaves_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(a_place_that_is_no_directory_is_an_error_that_says_so,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(the_directory_is_the_users_own_unless_named, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
