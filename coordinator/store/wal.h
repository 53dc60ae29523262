/* wal.h - how long the write-ahead log is, and when it goes into the file, so that its space can be
 * used again. */
#ifndef STORE_WAL_H
#define STORE_WAL_H
#include "coordinator/store/handle.h"

/* From now on each commit notes how long the log is. The log must be open. */
void wal_watch(struct store *store);

/* Is the log still the file of that name? */
bool wal_is_in_its_place(const struct store *store);

/* Is it long enough to be moved? */
bool wal_is_due(const struct store *store);

/* Moves the log into the file, as far as readers permit; from a length on it waits for them, now
 * and then. What sqlite3_wal_checkpoint_v2 returns. */
int wal_checkpoint(struct store *store);

/* A log that long is worth waiting for readers. A test makes it small. */
extern int long_log_pages;
#endif
