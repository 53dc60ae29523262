/* columns.h - blocks of columns from one matrix to another, with their tangents. */
#ifndef NUMERIC_COLUMNS_H
#define NUMERIC_COLUMNS_H
#include "worker/numeric/pass.h"

/* Columns first .. first + count - 1 of a matrix, for all of its rows. */
struct columns {
    struct mat of;
    int first, count;
};

/* to = from, or to += from; both have the same rows and the same number of columns. */
void columns_copy(const struct pass *pass, struct columns to, struct columns from);
void columns_add(const struct pass *pass, struct columns to, struct columns from);
#endif
