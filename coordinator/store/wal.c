#include "coordinator/store/wal.h"

enum { CHECKPOINT_PAGES = 1000 }; /* 4 MiB: about 10 ms to put into the file */

int long_log_pages = 16384; /* 64 MiB */

static int note_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store *store = context;
    store->wal_pages = pages;
    return SQLITE_OK;
}

static bool find_log(const struct store *store, struct stat *file)
{
    return stat(sqlite3_filename_wal(sqlite3_db_filename(store->db, "main")), file) == 0;
}

void wal_watch(struct store *store)
{
    sqlite3_wal_hook(store->db, note_pages, store);
    find_log(store, &store->wal_file);
}

bool wal_is_in_its_place(const struct store *store)
{
    struct stat file;
    return find_log(store, &file) && file.st_ino == store->wal_file.st_ino &&
           file.st_dev == store->wal_file.st_dev;
}

bool wal_is_due(const struct store *store)
{
    return store->wal_pages >= CHECKPOINT_PAGES;
}

/* Where readers overlap without end somebody always needs a part of the log, and it would grow for
 * ever. Once it is long they are waited for. Where that was in vain it must be half as long again
 * before the next time, so that a reader who stays for hours holds up a few turns only. */
static bool is_worth_waiting(struct store *store)
{
    if (store->wal_pages < long_log_pages)
        store->wait_at_pages = long_log_pages;
    if (store->wal_pages < store->wait_at_pages)
        return false;
    store->wait_at_pages = store->wal_pages + store->wal_pages / 2;
    return true;
}

/* Waits up to two seconds for those who need what is not yet in the file, and moves it there; then
 * as long for those who came meanwhile and need it still. Whoever comes later reads the file. */
static int checkpoint_and_wait(struct store *store)
{
    int pages, moved;
    int rc =
        sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_RESTART, &pages, &moved);
    if (rc == SQLITE_BUSY && moved == pages)
        rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    return rc;
}

int wal_checkpoint(struct store *store)
{
    if (is_worth_waiting(store))
        return checkpoint_and_wait(store);
    return sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}
