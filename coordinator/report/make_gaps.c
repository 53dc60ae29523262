/* The generalisation gap: the test metric minus the training metric at the end of training. Figure
 * 6. */
#include "coordinator/report/makers.h"

#include <math.h>
#include <string.h>

enum { MAX_BARS = 48 };

static bool read_last(double *out, struct figure *figure, const struct request *request,
                      const struct study_result *study, int64_t trial, const char *metric)
{
    struct curve curve;
    *out = NAN;
    if (!curve_read(&curve, request->db, figure->arena, study->name, trial, metric, request->error))
        return false;
    if (curve.count > 0)
        *out = curve.values[curve.count - 1];
    return true;
}

/* The gap of each run of a study, NaN where it has not both metrics. */
static bool read_gaps(double **out, struct figure *figure, const struct request *request,
                      const struct study_result *study, const char *what)
{
    const char *test = arena_printf(figure->arena, "test_%s", what);
    const char *train = arena_printf(figure->arena, "train_%s", what);
    *out = arena_alloc(figure->arena, (study->n_runs + 1) * sizeof **out);
    for (size_t i = 0; i < study->n_runs; i++) {
        double at_test, at_train;
        if (!read_last(&at_test, figure, request, study, study->trials[i], test) ||
            !read_last(&at_train, figure, request, study, study->trials[i], train))
            return false;
        (*out)[i] = at_test - at_train;
    }
    return true;
}

/* Studies on different data make groups of bars, methods stand side by side in a group. */
static bool add_studies(struct figure *figure, const struct request *request, const char *what)
{
    const struct results *results = request->results;
    struct arrangement arrangement;
    struct panel *panel = figure_panel(figure, "");
    arrange(&arrangement, results, -1, -1);
    for (size_t i = 0; i < results->n_studies; i++) {
        const struct study_result *study = &results->studies[i];
        double *gaps;
        if (!read_gaps(&gaps, figure, request, study, what))
            return false;
        struct summary summary = summary_of(gaps, study->n_runs);
        if (summary.n == 0)
            continue;
        const char *group = arrangement_panel_label(&arrangement, results, study);
        const char *label = results_label(results, study, arrangement.in_series);
        struct series *series =
            figure_series(figure, panel, label[0] != '\0' ? label : study->name);
        figure_add(figure, series, (double)figure_x(figure, group), summary);
    }
    return true;
}

static bool has_cells(const struct figure *figure)
{
    return figure->count > 0 && figure->panels[0].count > 0;
}

/* What to look at: the search's own metric without `test_`, else the first of these that exists. */
static bool try_pairs(struct figure **out, const struct request *request, const char **what)
{
    const char *own = request->results->metric;
    const char *const pairs[] = { strncmp(own, "test_", 5) == 0 ? own + 5 : "mse", "mse", "loss",
                                  "accuracy" };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        *out = figure_create(FIGURE_BARS);
        if (!add_studies(*out, request, pairs[i]))
            return false;
        if (has_cells(*out)) {
            *what = arena_text((*out)->arena, pairs[i]);
            return true;
        }
        figure_destroy(out);
    }
    return true;
}

bool make_gaps(struct figure **out, const struct request *request)
{
    const struct results *results = request->results;
    const char *what = "";
    if (results->n_studies > MAX_BARS)
        return true;
    if (!try_pairs(out, request, &what))
        return false;
    struct figure *figure = *out;
    if (figure == NULL)
        return true;
    figure->x_name = "group";
    figure->y_label = arena_printf(figure->arena, "test_%s - train_%s", what, what);
    name_figure(figure, results, arena_printf(figure->arena, "gap.%s", what),
                arena_printf(figure->arena, "generalisation gap, %s at the end of training",
                             figure->y_label));
    note_missing(figure, results);
    return true;
}
