/* handle.h - what an open store is made of; for the files of this folder and their tests. */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H
#include "coordinator/store/metric_ids.h"
#include "coordinator/store/store.h"

#include <sqlite3.h>

enum statement {
    STATEMENT_BEGIN, STATEMENT_COMMIT, STATEMENT_ROLLBACK, STATEMENT_DATA_VERSION, STATEMENT_METRIC,
    STATEMENT_SEARCH, STATEMENT_STUDY, STATEMENT_TRIAL, STATEMENT_ATTEMPT, STATEMENT_OUTCOME,
    STATEMENT_POINT, STATEMENT_WORKER,
    STATEMENTS
};

struct store {
    sqlite3 *db;                          /* the only connection that writes or checkpoints */
    char *path;
    int lock;                             /* descriptor of FILE-lock, -1 none */
    sqlite3_stmt *statements[STATEMENTS]; /* prepared once, see save.c */
    struct metric_ids metrics;
    int wal_pages;                        /* in the write-ahead log after the last commit */
    int64_t data_version;                 /* of SQLite: moves when somebody else commits */
};

bool store_prepare(struct store *store, struct error *error); /* save.c: statements and metrics */
bool store_load_metrics(struct store *store, struct error *error);
#endif
