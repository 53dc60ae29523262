/* restore.h - from the rows of any connection to a core, each proven by its hash and each table by
 * its sum; what store_restore does, for those who have no store. */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H
#include "coordinator/core/core.h"
#include "coordinator/store/integrity.h"

bool restore_rows(sqlite3 *db, const struct sums *sums, struct core *core, int64_t now_ms,
                  struct error *error);
#endif
