/* row_name.h - what people call a row: "trial 7 of `task-b/ldt`" rather than its key. */
#ifndef STORE_ROW_NAME_H
#define STORE_ROW_NAME_H
#include "coordinator/store/cells.h"

/* The caller frees it. The cells may be damaged: a study that cannot be found, or whose name is no
 * text, goes by its number. */
char *row_name(sqlite3 *db, enum table_number table, const struct row_cell *cells);

/* The name of a study in quotes, or "study 3". The caller frees it. */
char *study_name(sqlite3 *db, int64_t study);
#endif
