/* integrity.h - the sum over each table: how many rows it has, and the hashes of them added up.
 *
 * Addition does not mind the order of the rows, so a turn only adds what it wrote and takes away
 * what that replaced. The old hash of a replaced row comes out of the statement that replaces it:
 * it says `hash = replace_hash(TABLE, hash, excluded.hash)`, a function of ours that notes the
 * difference. So a sum costs no second look at the row. */
#ifndef STORE_INTEGRITY_H
#define STORE_INTEGRITY_H
#include "common/error.h"
#include "coordinator/store/cells.h"

enum { INTEGRITY_VERSION = 4 }; /* of the schema, since when rows have hashes */

struct sums {
    struct table_sum {
        int64_t rows;
        uint64_t sum; /* modulo 2^64 */
        bool changed; /* since the table `integrity` was written */
    } tables[TABLES];
};

static inline void sums_add(struct sums *sums, enum table_number table, uint64_t hash)
{
    sums->tables[table].rows++;
    sums->tables[table].sum += hash;
    sums->tables[table].changed = true;
}

/* The sums as they are recorded; `path` is for the sentence when one is missing. */
bool sums_load(struct sums *sums, sqlite3 *db, const char *path, struct error *error);

/* Makes replace_hash known to a connection. The sums must live as long as it. */
bool sums_register(struct sums *sums, sqlite3 *db, struct error *error);

/* Makes the hashes of all rows, the marks of all points and the sums anew, from what stands in the
 * file now; inside the caller's transaction. Whatever was wrong with them before is forgotten. */
bool integrity_make(sqlite3 *db, struct error *error);
#endif
