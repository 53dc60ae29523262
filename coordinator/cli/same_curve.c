#include "coordinator/cli/same_curve.h"
#include "coordinator/cli/arguments.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMN_STEP, COLUMN_EPOCH, COLUMN_METRIC, COLUMN_VALUE, COLUMNS };

static sqlite3_stmt *open_curve(sqlite3 *db, struct curve_name name)
{
    static const char sql[] =
        "SELECT point.step, point.epoch, metric.name, point.value FROM point"
        " JOIN metric ON metric.id = point.metric"
        " WHERE point.study = ? AND point.trial = ? AND point.attempt = ? ORDER BY point.idx";
    sqlite3_stmt *curve;
    if (sqlite3_prepare_v2(db, sql, -1, &curve, NULL) != SQLITE_OK) {
        complain("cannot read the curves: %s", sqlite3_errmsg(db));
        return NULL;
    }
    sqlite3_bind_int64(curve, 1, name.study);
    sqlite3_bind_int64(curve, 2, name.trial);
    sqlite3_bind_int64(curve, 3, name.attempt);
    return curve;
}

/* Numbers by their bits; NaN is NULL here, and one NULL is like another. */
static bool cells_equal(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int type = sqlite3_column_type(a, column);
    if (type != sqlite3_column_type(b, column))
        return false;
    switch (type) {
    case SQLITE_INTEGER:
        return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
    case SQLITE_FLOAT: {
        double x = sqlite3_column_double(a, column), y = sqlite3_column_double(b, column);
        return memcmp(&x, &y, sizeof x) == 0;
    }
    case SQLITE_TEXT:
        return strcmp((const char *)sqlite3_column_text(a, column),
                      (const char *)sqlite3_column_text(b, column)) == 0;
    default:
        return true;
    }
}

static bool rows_equal(sqlite3_stmt *a, sqlite3_stmt *b)
{
    for (int column = 0; column < COLUMNS; column++)
        if (!cells_equal(a, b, column))
            return false;
    return true;
}

static void add_point(struct buf *out, sqlite3_stmt *curve)
{
    buf_printf(out, "step %" PRId64 " %s ", (int64_t)sqlite3_column_int64(curve, COLUMN_STEP),
               sqlite3_column_text(curve, COLUMN_METRIC));
    if (sqlite3_column_type(curve, COLUMN_VALUE) == SQLITE_NULL)
        buf_text(out, "NaN");
    else
        buf_printf(out, "%.17g", sqlite3_column_double(curve, COLUMN_VALUE));
    if (sqlite3_column_type(curve, COLUMN_EPOCH) != SQLITE_NULL)
        buf_printf(out, " (epoch %.17g)", sqlite3_column_double(curve, COLUMN_EPOCH));
}

static void add_side(struct buf *out, sqlite3_stmt *curve, int rc)
{
    if (rc == SQLITE_ROW)
        add_point(out, curve);
    else
        buf_text(out, "no more points");
}

static enum curves compare(sqlite3_stmt *a, sqlite3_stmt *b, int64_t *points,
                           struct buf *difference)
{
    for (*points = 0;; ++*points) {
        int left = sqlite3_step(a), right = sqlite3_step(b);
        if ((left != SQLITE_ROW && left != SQLITE_DONE) ||
            (right != SQLITE_ROW && right != SQLITE_DONE)) {
            complain("cannot read the curves: %s", sqlite3_errmsg(sqlite3_db_handle(a)));
            return CURVES_UNREADABLE;
        }
        if (left == SQLITE_DONE && right == SQLITE_DONE)
            return CURVES_EQUAL;
        if (left == right && rows_equal(a, b))
            continue;
        buf_printf(difference, "point %" PRId64 " differs: ", *points);
        add_side(difference, a, left);
        buf_text(difference, " against ");
        add_side(difference, b, right);
        return CURVES_DIFFER;
    }
}

enum curves same_curve(sqlite3 *db, struct curve_name first, struct curve_name second,
                       int64_t *points, struct buf *difference)
{
    enum curves result = CURVES_UNREADABLE;
    sqlite3_stmt *a = open_curve(db, first), *b = a != NULL ? open_curve(db, second) : NULL;
    if (b != NULL)
        result = compare(a, b, points, difference);
    sqlite3_finalize(a);
    sqlite3_finalize(b);
    return result;
}
