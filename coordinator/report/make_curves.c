/* Learning curves: the mean over seeds at each epoch, one line per study. Figures 3d, 5, 7, 8. */
#include "coordinator/report/makers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PANELS = 12, MAX_SERIES = 10, LOG_RATIO = 50 };

/* An epoch of one run. */
struct sample {
    double x, value;
    size_t run;
};

static int compare_samples(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return a->run < b->run ? -1 : a->run > b->run;
}

/* One cell for each epoch, over the runs that have a finite value there. */
static void summarise(struct figure *figure, struct series *series, struct sample *samples,
                      size_t count)
{
    double *values = arena_alloc(figure->arena, (count + 1) * sizeof *values);
    if (count > 0)
        qsort(samples, count, sizeof *samples, compare_samples);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && samples[end].x == samples[begin].x; end++)
            values[end - begin] = samples[end].value;
        figure_add(figure, series, samples[begin].x, summary_of(values, end - begin));
    }
}

/* The curves of all runs of a study, one after the other. */
static bool read_samples(struct figure *figure, const struct request *request,
                         const struct study_result *study, struct sample **samples, size_t *count,
                         bool *is_epoch)
{
    struct curve *curves = arena_alloc(figure->arena, (study->n_runs + 1) * sizeof *curves);
    *count = 0;
    for (size_t i = 0; i < study->n_runs; i++) {
        if (!curve_read(&curves[i], request->db, figure->arena, study->name, study->trials[i],
                        request->metric, request->error))
            return false;
        *count += curves[i].count;
        *is_epoch = *is_epoch && curves[i].is_epoch;
    }
    *samples = arena_alloc(figure->arena, (*count + 1) * sizeof **samples);
    for (size_t i = 0, at = 0; i < study->n_runs; i++) {
        for (size_t k = 0; k < curves[i].count; k++)
            (*samples)[at++] = (struct sample){ curves[i].x[k], curves[i].values[k], i };
    }
    return true;
}

static bool add_study(struct figure *figure, const struct request *request,
                      const struct arrangement *arrangement, const struct study_result *study,
                      bool *is_epoch)
{
    struct sample *samples;
    size_t count;
    if (!read_samples(figure, request, study, &samples, &count, is_epoch))
        return false;
    if (count == 0)
        return true;
    struct series *series = arrangement_place(arrangement, figure, request->results, study);
    summarise(figure, series, samples, count);
    return true;
}

/* The largest mean of a panel over its smallest; 0 when one is not positive. */
static double ratio_of(const struct panel *panel)
{
    double least = INFINITY, most = 0;
    for (size_t s = 0; s < panel->count; s++) {
        for (size_t i = 0; i < panel->series[s].count; i++) {
            least = fmin(least, panel->series[s].cells[i].summary.mean); /* not of NaN */
            most = fmax(most, panel->series[s].cells[i].summary.mean);
        }
    }
    return least > 0 && isfinite(least) ? most / least : 0;
}

/* Logarithmic where all panels can be and one spans more than a linear axis can show. */
static bool wants_log(const struct figure *figure)
{
    double largest = 0;
    for (size_t p = 0; p < figure->count; p++) {
        double ratio = ratio_of(&figure->panels[p]);
        if (ratio == 0)
            return false;
        largest = fmax(largest, ratio);
    }
    return largest > LOG_RATIO;
}

bool make_curves(struct figure **out, const struct request *request)
{
    const struct results *results = request->results;
    struct arrangement arrangement;
    size_t n_panels, n_series;
    bool is_epoch = true;
    arrange(&arrangement, results, -1, -1);
    arrangement_count(&arrangement, results, &n_panels, &n_series);
    if (n_panels > MAX_PANELS || n_series > MAX_SERIES)
        return true;
    struct figure *figure = *out = figure_create(FIGURE_LINES);
    for (size_t i = 0; i < results->n_studies; i++) {
        if (!add_study(figure, request, &arrangement, &results->studies[i], &is_epoch))
            return false;
    }
    figure->x_name = figure->x_label = is_epoch ? "epoch" : "step";
    figure->y_label = arena_text(figure->arena, metric_label(results, request->metric));
    figure->log_y = wants_log(figure);
    name_figure(figure, results, arena_printf(figure->arena, "curves.%s", request->metric),
                arena_printf(figure->arena, "%s over training", figure->y_label));
    note_missing(figure, results);
    return true;
}
