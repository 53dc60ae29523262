#include "fixture.h"
#include "coordinator/store/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Stands before the C library's: a test says what kind of file system there is. */
static long pretended_file_system;
int statfs(const char *path, struct statfs *out)
{
    *out = (struct statfs){ .f_type = pretended_file_system != 0 ? pretended_file_system : 0xef53 };
    return 0;
}

static void refused(struct fixture *f, const char *path, const char *sentence)
{
    struct store *store = (struct store *)f; /* to see that it becomes NULL */
    f->error.text[0] = '\0';
    assert_false(store_open(&store, path, &f->error));
    assert_null(store);
    if (strstr(f->error.text, sentence) == NULL)
        fail_msg("'%s' is not in: %s", sentence, f->error.text);
}

static void make_database(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void write_bytes(const char *path, off_t offset, const void *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(pwrite(fd, bytes, count, offset), (ssize_t)count);
    close(fd);
}

static void a_new_file_gets_the_newest_schema(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_found_version(f->store), 0);
    reopen(f);
    assert_int_equal(store_found_version(f->store), schema_version);
    assert_string_equal(answer(f, "SELECT * FROM pragma_application_id, pragma_user_version"),
                        "1279546417|4");
    assert_string_equal(
        answer(f, "SELECT * FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, "
                  "pragma_integrity_check"),
        "wal|2|1|ok");
    assert_string_equal(answer(f, "PRAGMA mmap_size"), "0");
}

static void every_migration_sets_its_number(void **state)
{
    for (int i = 0; i < schema_version; i++) {
        sqlite3 *db;
        assert_int_equal(migrations[i].version, i + 1);
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        for (int k = 0; k <= i; k++)
            assert_int_equal(sqlite3_exec(db, migrations[k].sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(atoi(answer_of(db, "PRAGMA user_version")), i + 1);
        sqlite3_close(db);
    }
}

static void opening_again_changes_nothing(void **state)
{
    struct fixture *f = *state;
    reopen(f);
    char *before = strdup(answer(f, "SELECT group_concat(sql) FROM sqlite_schema"));
    char *version = strdup(answer(f, "PRAGMA schema_version"));
    reopen(f);
    assert_string_equal(answer(f, "SELECT group_concat(sql) FROM sqlite_schema"), before);
    assert_string_equal(answer(f, "PRAGMA schema_version"), version);
    free(before);
    free(version);
}

static void another_programs_database_is_refused(void **state)
{
    struct fixture *f = *state;
    make_database(f, "PRAGMA application_id = 0x0f055112; CREATE TABLE theirs (x)");
    refused(f, f->path,
            "is a database of another program (application id 0x0f055112, ours is 0x4c445431)");
    make_database(f, "PRAGMA application_id = 0");
    refused(f, f->path, "another program (application id 0x00000000");
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_string_equal(answer_of(db, "SELECT group_concat(name) FROM sqlite_schema"), "theirs");
    assert_string_equal(answer_of(db, "PRAGMA journal_mode"), "delete");
    sqlite3_close(db);
}

static void a_newer_schema_is_refused_with_both_versions(void **state)
{
    struct fixture *f = *state;
    make_database(
        f, "PRAGMA application_id = 0x4c445431; PRAGMA user_version = 7; CREATE TABLE trial (x)");
    refused(f, f->path,
            "has schema version 7, this program knows versions up to 4: use the newer release");
}

/* Of the four bytes in the header one bit may have flipped. Nothing is migrated then. */
static void a_schema_version_that_never_was_is_damage(void **state)
{
    static const char *const versions[] = { "-2147483644", "-3", "0" };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        char sql[128], sentence[64];
        snprintf(sql, sizeof sql,
                 "PRAGMA application_id = 0x4c445431; PRAGMA user_version = %s;"
                 "CREATE TABLE IF NOT EXISTS trial (x)",
                 versions[i]);
        snprintf(sentence, sizeof sentence, "is damaged (its schema version is %s)", versions[i]);
        make_database(f, sql);
        refused(f, f->path, sentence);
        sqlite3 *db;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_string_equal(answer_of(db, "PRAGMA user_version"), versions[i]);
        sqlite3_close(db);
    }
}

static void what_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    memset(text, 'x', sizeof text);
    write_bytes(f->path, 0, text, sizeof text);
    refused(f, f->path, "is no SQLite database, or its header is damaged");
}

static void a_damaged_database_is_refused_with_advice(void **state)
{
    struct fixture *f = *state;
    struct store *store;
    char garbage[8192];
    assert_true(store_open(&store, f->path, &f->error));
    store_close(&store);
    memset(garbage, 0xa5, sizeof garbage);
    write_bytes(f->path, 3 * 4096, garbage, sizeof garbage);
    refused(f, f->path, "is damaged");
    assert_non_null(strstr(f->error.text, ".recover"));
}

/* All of its tables but the points are looked at, too. */
static void a_large_damaged_database_is_refused_as_well(void **state)
{
    struct fixture *f = *state;
    save_ground(f);
    int64_t usual = check_whole_bytes;
    check_whole_bytes = 0;
    reopen(f); /* undamaged it is welcome */
    ruin_table(f, "trial");
    store_close(&f->store);
    refused(f, f->path, "is damaged");
    check_whole_bytes = usual;
}

static void places_that_cannot_hold_a_database_are_refused(void **state)
{
    struct fixture *f = *state;
    char path[160];
    refused(f, f->directory, "is a directory");
    snprintf(path, sizeof path, "%s/missing/runs.db", f->directory);
    refused(f, path, "there is no directory");
    snprintf(path, sizeof path, "%s/link", f->directory);
    assert_int_equal(symlink("nowhere.db", path), 0);
    refused(f, path, "is a link to a file that is not there");
    unlink(path);
    snprintf(path, sizeof path, "%s/runs.db", f->path);
    refused(f, path, "is no directory");
    refused(f, "/dev/null", "is not a regular file");
    refused(f, "", "the path of the database is empty");
}

/* A FIFO there kept the coordinator waiting, with SIGTERM blocked. */
static void odd_files_in_the_places_of_sqlites_own_are_refused(void **state)
{
    static const char *const endings[] = { "-journal", "-wal", "-shm" };
    struct fixture *f = *state;
    struct store *store;
    sqlite3 *db;
    char path[200];
    assert_true(store_open(&store, f->path, &f->error));
    store_close(&store);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, endings[i]);
        unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        refused(f, f->path, "is not a regular file, and SQLite needs that name");
        assert_false(store_open_readonly(&db, f->path, &f->error));
        assert_non_null(strstr(f->error.text, path));
        unlink(path);
    }
}

/* In a child process that has given up root's rights. */
static void unwritable_places_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store *store;
    assert_true(store_open(&store, f->path, &f->error));
    store_close(&store);
    chmod(f->path, 0444);
    chmod(f->directory, 0555);
    pid_t child = fork();
    if (child == 0) {
        char other[160];
        if (getuid() == 0 && setuid(65534) != 0)
            _exit(3);
        snprintf(other, sizeof other, "%s/new.db", f->directory);
        bool file = !store_open(&store, f->path, &f->error) &&
                    strstr(f->error.text, "Permission denied; check its owner and mode") != NULL;
        bool directory = !store_open(&store, other, &f->error) &&
                         strstr(f->error.text, "files cannot be made in") != NULL;
        _exit(file ? directory ? 0 : 1 : 2);
    }
    int status;
    waitpid(child, &status, 0);
    chmod(f->directory, 0755);
    assert_int_equal(status, 0);
}

static void network_file_systems_are_refused(void **state)
{
    static const long magic[] = { 0x6969, 0xff534d42, 0x0bd00bd0, 0x65735546, 0x47504653 };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++) {
        pretended_file_system = magic[i];
        refused(f, f->path, "is on a network file system");
    }
    pretended_file_system = 0;
    assert_int_not_equal(access(f->path, F_OK), 0); /* and nothing was made there */
}

static void a_second_opener_is_refused_at_once_with_the_holder_named(void **state)
{
    struct fixture *f = *state;
    char pid[64];
    snprintf(pid, sizeof pid, "is in use by another coordinator (process %ld)", (long)getpid());
    refused(f, f->path,
            pid); /* the lock belongs to the open file, so even this process is refused */
    pid_t child = fork();
    if (child == 0) {
        struct store *store;
        bool opened = store_open(&store, f->path, &f->error);
        _exit(!opened && strstr(f->error.text, pid) != NULL ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void every_name_of_a_file_leads_to_one_lock(void **state)
{
    struct fixture *f = *state;
    char link[160];
    snprintf(link, sizeof link, "%s/alias.db", f->directory);
    assert_int_equal(symlink(f->path, link), 0);
    refused(f, link, "is in use by another coordinator");
    unlink(link);
}

static void a_file_that_is_moved_or_linked_under_its_holder_is_refused(void **state)
{
    struct fixture *f = *state;
    char other[160];
    snprintf(other, sizeof other, "%s/other.db", f->directory);
    assert_int_equal(link(f->path, other), 0);
    refused(f, other, "other.db is in use by another coordinator, which knows the file by another");
    assert_int_equal(unlink(f->path), 0);
    refused(f, other, "other.db is in use by another coordinator, which knows the file by another");
    assert_int_equal(rename(other, f->path), 0);
    reopen(f);
    assert_int_equal(link(f->path, other), 0); /* a second name alone is none of our business */
    reopen(f);
    unlink(other);
    snprintf(other, sizeof other, "%s/other.db-lock", f->directory);
    unlink(other);
}

static void a_holder_that_died_frees_the_lock(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    if (child == 0) {
        struct store *store;
        _exit(store_open(&store, f->path, &f->error) ? 0 : 1); /* without closing it */
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    reopen(f);
}

static void one_that_is_open_is_in_use_by_every_name_until_it_is_closed(void **state)
{
    struct fixture *f = *state;
    char link[160];
    snprintf(link, sizeof link, "%s/alias.db", f->directory);
    assert_int_equal(symlink(f->path, link), 0);
    assert_true(store_in_use(f->path));
    assert_true(store_in_use(link));
    store_close(&f->store);
    assert_false(store_in_use(f->path));
    assert_false(store_in_use(link));
    assert_int_equal(access(f->path, F_OK), 0);
    unlink(link);
    assert_false(store_in_use(link));
}

static void names_that_sqlite_would_interpret_are_plain_files(void **state)
{
    struct fixture *f = *state;
    struct store *store;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->directory), 0);
    static const char *const names[] = { "file:x?mode=memory", ":memory:" };
    for (int i = 0; i < 2; i++) {
        char lock[64];
        snprintf(lock, sizeof lock, "%s-lock", names[i]);
        assert_true(store_open(&store, names[i], &f->error));
        assert_int_equal(access(names[i], F_OK), 0);
        store_close(&store);
        unlink(names[i]);
        unlink(lock);
    }
    assert_int_equal(chdir(before), 0);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_all)
#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_new_file_gets_the_newest_schema),
        cmocka_unit_test(every_migration_sets_its_number),
        WITH_STORE(opening_again_changes_nothing),
        WITH_DIRECTORY(another_programs_database_is_refused),
        WITH_DIRECTORY(a_newer_schema_is_refused_with_both_versions),
        WITH_DIRECTORY(a_schema_version_that_never_was_is_damage),
        WITH_DIRECTORY(what_is_no_database_is_refused),
        WITH_DIRECTORY(a_damaged_database_is_refused_with_advice),
        WITH_STORE(a_large_damaged_database_is_refused_as_well),
        WITH_DIRECTORY(places_that_cannot_hold_a_database_are_refused),
        WITH_DIRECTORY(odd_files_in_the_places_of_sqlites_own_are_refused),
        WITH_DIRECTORY(unwritable_places_are_refused),
        WITH_DIRECTORY(network_file_systems_are_refused),
        WITH_STORE(a_second_opener_is_refused_at_once_with_the_holder_named),
        WITH_STORE(every_name_of_a_file_leads_to_one_lock),
        WITH_STORE(one_that_is_open_is_in_use_by_every_name_until_it_is_closed),
        WITH_STORE(a_file_that_is_moved_or_linked_under_its_holder_is_refused),
        WITH_DIRECTORY(a_holder_that_died_frees_the_lock),
        WITH_DIRECTORY(names_that_sqlite_would_interpret_are_plain_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
