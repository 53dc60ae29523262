/* store.h - the rows on disk: one SQLite file, written by one process.
 *
 * store_open makes a new file or migrates an older one, and refuses, naming both sides: another
 * program's database, a newer schema, a network file system, a corrupt file, and a file that
 * another coordinator holds (an OFD lock on FILE-lock, so that a crash frees it). WAL,
 * synchronous=FULL: what store_save has returned STORE_OK for survives a power cut. */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include "common/error.h"
#include "coordinator/core/core.h"

struct store;

enum store_result {
    STORE_OK,
    STORE_HELD,   /* no space, or a foreign process is writing, or the file is gone from its place:
                   * nothing of the turn is durable; the same actions may be saved again later */
    STORE_BROKEN, /* an I/O error or a violated constraint: stop, restart, replay; never go on */
};

bool store_open(struct store **out, const char *path, struct error *error);
void store_close(struct store **store);

/* The version of the schema that the file had when it was opened: 0 for a new database. */
int store_found_version(const struct store *store);

/* Whether somebody has opened the database at this path to write, a coordinator as a rule; who has
 * is on this machine. */
bool store_in_use(const char *path);

/* Writes every SAVE and ADD action in one transaction and commits. All or nothing; a row is saved
 * after the rows that it refers to. A trial's parameters and an attempt's worker are what they were
 * when the row was first saved. */
enum store_result store_save(struct store *store, const struct actions *actions,
                             struct error *error);

/* Why these points cannot be saved: one is of a metric that the database does not know, and it
 * knows a million, which are all in memory. NULL: they can. What is not saved yet does not count,
 * so the metrics of one turn may pass the limit. */
const char *store_refuse_points(const struct store *store, const struct point *points,
                                size_t count);

/* Feeds every row that the core needs to the core_restore functions, and calls core_restore_finish.
 * Of the attempts those are each trial's current one, and its log is "": the core has no use for
 * it. */
bool store_restore(struct store *store, struct core *core, int64_t now_ms, struct error *error);

/* Makes hashes and sums anew from the rows as they are, changed by whomever; afterwards they are
 * proven again. Takes the coordinator's lock. Curves stay as they were reported: points that are
 * missing or changed are still found. */
bool store_accept(const char *path, struct error *error);

/* True once if another process has written to the file since the last call (for the log). */
bool store_foreign_write(struct store *store);

/* ---- reading, by `ldt`: no lock, works while the coordinator runs. The handle is SQLite's own. */
struct sqlite3;
bool store_open_readonly(struct sqlite3 **out, const char *path, struct error *error);
#endif
