/* same_curve.h - whether two recorded curves are the same to the last bit: every point's step,
 * epoch, metric and value. */
#ifndef CLI_SAME_CURVE_H
#define CLI_SAME_CURVE_H
#include "common/buf.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct curve_name {
    int64_t study, trial, attempt;
};

enum curves { CURVES_EQUAL, CURVES_DIFFER, CURVES_UNREADABLE /* has been complained of */ };

/* *points: how many are equal from the start. Where the curves differ, the first difference is
 * added to `difference` in words, the first curve's side first. */
enum curves same_curve(sqlite3 *db, struct curve_name first, struct curve_name second,
                       int64_t *points, struct buf *difference);
#endif
