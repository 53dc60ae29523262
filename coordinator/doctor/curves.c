/* Curves: attempts and points are read side by side, both in the order of their key. Each attempt's
 * points are counted, their digest is chained again from the first, and what the attempt and the
 * trial say of the metric follows from them once more. */
#include "coordinator/doctor/examination.h"
#include "common/point.h"
#include "common/xalloc.h"
#include "coordinator/core/attempt.h"
#include "coordinator/store/row_name.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct recorded_point {
    bool there; /* else all points were read */
    struct attempt_ref ref;
    int64_t idx, metric, mark;
    struct point point; /* its metric is NULL where the table does not have it */
};

struct curves {
    struct examination *examination;
    sqlite3_stmt *attempts, *points;
    struct recorded_point point; /* the next one */
    char **metrics;              /* names by number */
    int64_t n_metrics;
    int64_t read;
};

/* What follows from the points of one attempt. */
struct curve {
    int64_t count;
    bool marks_wrong, gap;
    struct attempt_row from_points; /* its fields that points decide */
};

/* ---- metrics */

static void load_metrics(struct curves *curves)
{
    size_t capacity = 0;
    sqlite3_stmt *rows =
        examination_ask(curves->examination, "SELECT id, name FROM metric ORDER BY id", 0);
    while (examination_next(curves->examination, rows, "the table metric")) {
        int64_t id = sqlite3_column_int64(rows, 0);
        const char *name = (const char *)sqlite3_column_text(rows, 1);
        if (id != curves->n_metrics + 1 || name == NULL) {
            examination_find(curves->examination, EVERYWHERE, "the table metric", remedy_copy,
                             "its numbers have a gap at %" PRId64, curves->n_metrics + 1);
            break;
        }
        curves->metrics =
            xgrow(curves->metrics, (size_t)curves->n_metrics, &capacity, sizeof *curves->metrics);
        curves->metrics[curves->n_metrics++] = xstrdup(name);
    }
    sqlite3_finalize(rows);
}

static void forget_metrics(struct curves *curves)
{
    for (int64_t i = 0; i < curves->n_metrics; i++)
        free(curves->metrics[i]);
    free(curves->metrics);
}

/* ---- points */

static double real_or_nan(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(row, column);
}

static void read_point(struct curves *curves)
{
    sqlite3_stmt *row = curves->points;
    curves->point = (struct recorded_point){ .there = examination_next(curves->examination, row,
                                                                       "the points") };
    if (!curves->point.there)
        return;
    struct recorded_point *point = &curves->point;
    point->ref = (struct attempt_ref){ sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
                                       (int32_t)sqlite3_column_int64(row, 2) };
    point->idx = sqlite3_column_int64(row, 3);
    point->metric = sqlite3_column_int64(row, 6);
    bool known = point->metric >= 1 && point->metric <= curves->n_metrics;
    point->point =
        (struct point){ sqlite3_column_int64(row, 4), real_or_nan(row, 5),
                        known ? curves->metrics[point->metric - 1] : NULL, real_or_nan(row, 7) };
    point->mark = sqlite3_column_int64(row, 8);
    curves->examination->diagnosis->points++;
    examination_progress(curves->examination, "points of curves", ++curves->read, 0);
}

static int compare_refs(struct attempt_ref a, struct attempt_ref b)
{
    if (a.study != b.study)
        return a.study < b.study ? -1 : 1;
    if (a.trial != b.trial)
        return a.trial < b.trial ? -1 : 1;
    return (a.attempt > b.attempt) - (a.attempt < b.attempt);
}

static char *attempt_name(const struct curves *curves, struct attempt_ref ref)
{
    char *study = study_name(curves->examination->db, ref.study);
    char *name =
        xasprintf("attempt %" PRId32 " of trial %" PRId64 " of %s", ref.attempt, ref.trial, study);
    free(study);
    return name;
}

static void find_point(const struct curves *curves, const char *fault)
{
    const struct recorded_point *point = &curves->point;
    char *attempt = attempt_name(curves, point->ref);
    char *place = xasprintf("point %" PRId64 " (step %" PRId64 ") of %s", point->idx,
                            point->point.step, attempt);
    examination_find(curves->examination, point->ref.study, place, remedy_copy, "%s", fault);
    free(place);
    free(attempt);
}

/* Points without an attempt that could prove them. */
static void read_strays(struct curves *curves, const struct attempt_ref *up_to)
{
    while (curves->point.there && (up_to == NULL || compare_refs(curves->point.ref, *up_to) < 0)) {
        struct attempt_ref ref = curves->point.ref;
        int64_t count = 0;
        char *name = attempt_name(curves, ref);
        for (; curves->point.there && attempt_ref_equal(curves->point.ref, ref); count++)
            read_point(curves);
        examination_find(curves->examination, ref.study, name, remedy_copy,
                         "%" PRId64 " points are recorded for it, and there is no such attempt",
                         count);
        free(name);
    }
}

/* ---- one attempt */

static void add_point(struct curves *curves, struct curve *curve, const struct patient *patient)
{
    const struct recorded_point *point = &curves->point;
    curve->gap = curve->gap || point->idx != curve->count;
    curve->count++;
    if (point->mark != point_mark(point->ref, point->idx, point->point.step, point->point.epoch,
                                  point->metric, point->point.value)) {
        curve->marks_wrong = true;
        find_point(curves, "it is not what was saved: changed by somebody other than the "
                           "coordinator, or damaged");
    }
    if (point->point.metric == NULL)
        return; /* the digest will not come out */
    const struct definition *definition = patient != NULL ? patient->definition : NULL;
    attempt_take_point(&curve->from_points, &point->point,
                       definition != NULL ? definition->metric : NULL,
                       definition != NULL && definition->maximize);
}

static const char *summary_fault(const struct attempt_row *recorded, const struct attempt_row *own)
{
    if (recorded->last_step != own->last_step)
        return "its last step is not that of its points";
    if (recorded->metric_seen != own->metric_seen || recorded->nonfinite != own->nonfinite)
        return "whether the metric was seen, and finite, does not follow from its points";
    if (recorded->has_best != own->has_best || (own->has_best && recorded->best != own->best))
        return "its best value is not that of its points";
    if (recorded->has_last != own->has_last || (own->has_last && recorded->last != own->last))
        return "its last value is not that of its points";
    return NULL;
}

static void judge(struct curves *curves, const struct attempt_row *attempt,
                  const struct curve *curve, const struct patient *patient)
{
    struct examination *examination = curves->examination;
    char *name = attempt_name(curves, attempt->ref);
    int64_t study = attempt->ref.study;
    const char *fault = NULL;
    if (curve->count != attempt->points)
        examination_find(examination, study, name, remedy_copy,
                         "it has %" PRId64 " points where %" PRId64 " were saved", curve->count,
                         attempt->points);
    else if (curve->gap)
        examination_find(examination, study, name, remedy_copy,
                         "the numbers of its points have a gap");
    else if (curve->from_points.points_digest != attempt->points_digest && !curve->marks_wrong &&
             !examination->damaged[TABLE_METRIC])
        examination_find(
            examination, study, name, remedy_copy,
            "its curve is not the one that was reported: the digest of its points differs");
    else if (!curve->marks_wrong && patient != NULL && patient->definition != NULL &&
             !examination->damaged[TABLE_METRIC])
        fault = summary_fault(attempt, &curve->from_points);
    if (fault != NULL)
        examination_find(examination, study, name, remedy_copy, "%s", fault);
    free(name);
}

/* An attempt whose own row is wrong, which examine_rows has said, proves nothing. */
static void examine_attempt(struct curves *curves)
{
    const struct table *table = &schema_tables[TABLE_ATTEMPT];
    struct row_cell cells[MAX_COLUMNS];
    struct attempt_row attempt;
    cells_of_statement(table, curves->attempts, 0, false, cells);
    bool proven = (int64_t)cells_hash(TABLE_ATTEMPT, cells) ==
                  sqlite3_column_int64(curves->attempts, table->n_columns - 1);
    cells_to_row(table, cells, &attempt);
    read_strays(curves, &attempt.ref);
    const struct patient *patient = examination_patient(curves->examination, attempt.ref.study);
    struct curve curve = { .from_points.last_step = -1 };
    while (curves->point.there && attempt_ref_equal(curves->point.ref, attempt.ref)) {
        add_point(curves, &curve, patient);
        read_point(curves);
    }
    if (proven)
        judge(curves, &attempt, &curve, patient);
}

void examine_curves(struct examination *examination)
{
    struct curves curves = { .examination = examination };
    char *columns = table_column_list(&schema_tables[TABLE_ATTEMPT], "", false);
    char *sql = xasprintf("SELECT %s, hash FROM attempt ORDER BY study, trial, number", columns);
    examination->told = 0;
    load_metrics(&curves);
    curves.attempts = examination_ask(examination, sql, 0);
    curves.points =
        examination_ask(examination,
                        "SELECT study, trial, attempt, idx, step, epoch, metric, value, mark"
                        " FROM point ORDER BY study, trial, attempt, idx",
                        0);
    read_point(&curves);
    while (examination_next(examination, curves.attempts, "the attempts"))
        examine_attempt(&curves);
    read_strays(&curves, NULL);
    sqlite3_finalize(curves.attempts);
    sqlite3_finalize(curves.points);
    forget_metrics(&curves);
    free(sql);
    free(columns);
}
