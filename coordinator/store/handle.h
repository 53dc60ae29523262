/* handle.h - what an open store is made of; for the files of this folder and their tests. */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H
#include "coordinator/store/integrity.h"
#include "coordinator/store/metric_ids.h"
#include "coordinator/store/store.h"

#include <sqlite3.h>
#include <sys/stat.h>

enum statement {
    STATEMENT_BEGIN, STATEMENT_COMMIT, STATEMENT_ROLLBACK, STATEMENT_DATA_VERSION, STATEMENT_SUM,
    STATEMENT_POINT,
    STATEMENTS
};

struct store {
    sqlite3 *db;                          /* the only connection that writes or checkpoints */
    char *path;
    int lock, file_lock;                  /* of FILE-lock and FILE, see lock.h; -1 none */
    int found_version;                    /* of the schema, before it was migrated; 0: no tables */
    sqlite3_stmt *statements[STATEMENTS]; /* prepared once, see save.c */
    sqlite3_stmt *updates[TABLES];        /* replaces a row; NULL: rows are only added */
    sqlite3_stmt *inserts[TABLES];
    struct metric_ids metrics;
    struct sums sums;                     /* of what is in the file and of the turn that is saved */
    int wal_pages;                        /* in the write-ahead log after the last commit */
    int wait_at_pages;                    /* when readers are waited for the next time */
    struct stat wal_file;                 /* which file it is */
    int64_t data_version;                 /* of SQLite: moves when somebody else commits */
};

/* save.c: makes the statements, and reads what the store remembers of the file: metrics, sums.
 * store_recall reads that again, after a turn was undone. */
bool store_prepare(struct store *store, struct error *error);
bool store_recall(struct store *store, struct error *error);

/* open.c: a file up to this size is looked at as a whole when it is opened. A test makes it
 * small. */
extern int64_t check_whole_bytes;

/* save.c: so many metrics a database may have. A test makes it small. */
extern size_t metrics_max;
#endif
