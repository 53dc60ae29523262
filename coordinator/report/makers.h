/* makers.h - the kinds of figures, one function each: from results to numbers. Each leaves *out
 * NULL where the results do not have what the figure is made of (no numeric key, no train metric,
 * ...); false, with a sentence, only when the database could not be read. */
#ifndef REPORT_MAKERS_H
#define REPORT_MAKERS_H
#include "coordinator/report/arrangement.h"

struct request {
    const struct results *results;
    sqlite3 *db;
    const char *metric;      /* of learning curves */
    struct error *error;
};

bool make_curves(struct figure **out, const struct request *request);     /* 3d, 5, 7, 8 */
bool make_heat_map(struct figure **out, const struct request *request);   /* 3b */
bool make_efficiency(struct figure **out, const struct request *request); /* 4 */
bool make_gaps(struct figure **out, const struct request *request);       /* 6 */
bool make_values(struct figure **out, const struct request *request);     /* table 7 */
bool make_best(struct figure **out, const struct request *request);       /* table 5 */

/* "test KL (nats)" for a metric of the built-in trainer, else its name. */
const char *metric_label(const struct results *results, const char *metric);

/* Says in the figure's notes which studies have no runs, and which runs ended without a value. */
void note_missing(struct figure *figure, const struct results *results);

/* Names the figure's files and gives it its title: "SEARCH.what" and "SEARCH: what it shows". */
void name_figure(struct figure *figure, const struct results *results, const char *what,
                 const char *title);
#endif
