/* The value of each study against the keys of the matrix: along one numeric key (Figure 4), over
 * two (Figure 3b), and as a table of method by everything else (Table 7). */
#include "coordinator/report/makers.h"

#include <string.h>

enum { MAX_PANELS = 12, MAX_SERIES = 10, MIN_POINTS = 3, LOG_RATIO = 8 };

static struct summary summary_of_study(const struct study_result *study)
{
    return summary_of(study->values, study->n_runs);
}

static const char *value_label(struct figure *figure, const struct results *results)
{
    return arena_printf(figure->arena, "%s (%s)", metric_label(results, results->metric),
                        results->over_time_last ? "last"
                        : results->maximize     ? "maximum"
                                                : "minimum");
}

/* The last numeric key of the matrix other than one; n_train comes first whatever its place. */
static int numeric_key(const struct results *results, int other, int least_values)
{
    int n_train = results_find_key(results, "n_train");
    int found = -1;
    for (int i = 0; i < results->n_keys; i++) {
        const struct key *key = &results->keys[i];
        if (i == other || !key->numeric || key->n_values < least_values ||
            strcmp(key->name, "seed") == 0)
            continue;
        if (i == n_train)
            return i;
        found = i;
    }
    return found;
}

/* ---- along one key ------------------------------------------------------------------------- */

/* In the order of x, whatever the order of the studies. */
static void sort_cells(struct series *series)
{
    for (size_t i = 1; i < series->count; i++) {
        for (size_t k = i; k > 0 && series->cells[k].x < series->cells[k - 1].x; k--) {
            struct cell swapped = series->cells[k];
            series->cells[k] = series->cells[k - 1];
            series->cells[k - 1] = swapped;
        }
    }
}

static void fill_efficiency(struct figure *figure, const struct results *results,
                            const struct arrangement *arrangement)
{
    const struct key *key = &results->keys[arrangement->x];
    for (size_t i = 0; i < results->n_studies; i++) {
        const struct study_result *study = &results->studies[i];
        if (study->n_runs == 0)
            continue;
        struct series *series = arrangement_place(arrangement, figure, results, study);
        if (series == NULL)
            continue;
        figure_add(figure, series, key->numbers[study->places[arrangement->x]],
                   summary_of_study(study));
        sort_cells(series);
    }
}

bool make_efficiency(struct figure **out, const struct request *request)
{
    const struct results *results = request->results;
    struct arrangement arrangement;
    size_t n_panels, n_series;
    int x = numeric_key(results, -1, MIN_POINTS);
    if (x < 0)
        return true;
    arrange(&arrangement, results, x, -1);
    arrangement_count(&arrangement, results, &n_panels, &n_series);
    if (n_panels > MAX_PANELS || n_series > MAX_SERIES)
        return true;
    const struct key *key = &results->keys[x];
    struct figure *figure = *out = figure_create(FIGURE_LINES);
    figure->x_name = arena_text(figure->arena, key->name);
    figure->x_label = strcmp(key->name, "n_train") == 0 && results->built_in ? "training examples"
                                                                             : figure->x_name;
    figure->y_label = value_label(figure, results);
    figure->log_x =
        key->numbers[0] > 0 && key->numbers[key->n_values - 1] >= LOG_RATIO * key->numbers[0];
    figure->same_y =
        results_find_key(results, "environment") < 0 && results_find_key(results, "task") < 0;
    fill_efficiency(figure, results, &arrangement);
    name_figure(figure, results, arena_printf(figure->arena, "by.%s", key->name),
                arena_printf(figure->arena, "%s by %s", figure->y_label, figure->x_label));
    note_missing(figure, results);
    return true;
}

/* ---- over two keys ------------------------------------------------------------------------- */

/* All rows and columns in their order, also those without a study. */
static void begin_heat_map(struct figure *figure, const struct results *results,
                           const struct arrangement *arrangement)
{
    const struct key *x = &results->keys[arrangement->x], *y = &results->keys[arrangement->y];
    for (int i = 0; i < x->n_values; i++)
        figure_x(figure, x->texts[i]);
    for (size_t i = 0; i < results->n_studies; i++)
        arrangement_place(arrangement, figure, results, &results->studies[i]);
    for (size_t p = 0; p < figure->count; p++) {
        for (int i = 0; i < y->n_values; i++)
            figure_series(figure, &figure->panels[p], y->texts[i])->number = y->numbers[i];
    }
    figure->x_name = figure->x_label = arena_text(figure->arena, x->name);
    figure->series_label = arena_text(figure->arena, y->name);
}

bool make_heat_map(struct figure **out, const struct request *request)
{
    const struct results *results = request->results;
    struct arrangement arrangement;
    size_t n_panels, n_series;
    int x = numeric_key(results, -1, MIN_POINTS);
    int y = x < 0 ? -1 : numeric_key(results, x, 2);
    if (y < 0)
        return true;
    arrange(&arrangement, results, x, y);
    arrangement_count(&arrangement, results, &n_panels, &n_series);
    if (n_panels > MAX_PANELS)
        return true;
    struct figure *figure = *out = figure_create(FIGURE_HEAT);
    begin_heat_map(figure, results, &arrangement);
    for (size_t i = 0; i < results->n_studies; i++) {
        const struct study_result *study = &results->studies[i];
        struct series *series = arrangement_place(&arrangement, figure, results, study);
        if (series != NULL && study->n_runs > 0)
            figure_add(figure, series, study->places[x], summary_of_study(study));
    }
    figure->y_label = value_label(figure, results);
    name_figure(figure, results,
                arena_printf(figure->arena, "map.%s.%s", figure->series_label, figure->x_name),
                arena_printf(figure->arena, "%s over %s and %s", figure->y_label,
                             figure->series_label, figure->x_name));
    note_missing(figure, results);
    return true;
}

/* ---- as a table ---------------------------------------------------------------------------- */

/* Methods side by side, all else below each other. */
static void arrange_table(struct arrangement *out, const struct results *results)
{
    int column = results_find_key(results, "method");
    *out = (struct arrangement){ .x = -1, .y = -1 };
    if (column < 0 && results->n_keys > 1 && results->keys[results->n_keys - 1].n_values <= 8)
        column = results->n_keys - 1;
    for (int i = 0; i < results->n_keys; i++) {
        out->in_series[i] = i == column;
        out->in_panel[i] = i != column;
    }
}

/* Labels leave out what is `none` or `no`: a row without any label is the plain one among others,
 * or the only one. */
static const char *unnamed_row(const struct arrangement *arrangement, const struct results *results)
{
    for (int i = 0; i < results->n_keys; i++) {
        if (arrangement->in_panel[i])
            return "none";
    }
    return "all";
}

bool make_values(struct figure **out, const struct request *request)
{
    const struct results *results = request->results;
    struct arrangement arrangement;
    struct figure *figure = *out = figure_create(FIGURE_TABLE);
    struct panel *panel = figure_panel(figure, "");
    arrange_table(&arrangement, results);
    const char *unnamed = unnamed_row(&arrangement, results);
    for (size_t i = 0; i < results->n_studies; i++) {
        const struct study_result *study = &results->studies[i];
        const char *row = arrangement_panel_label(&arrangement, results, study);
        const char *column = results_label(results, study, arrangement.in_series);
        struct series *series =
            figure_series(figure, panel, column[0] != '\0' ? column : results->metric);
        figure_add(figure, series, (double)figure_x(figure, row[0] != '\0' ? row : unnamed),
                   summary_of_study(study));
    }
    figure->x_name = "study";
    figure->y_label = value_label(figure, results);
    name_figure(figure, results, "values",
                arena_printf(figure->arena, "%s, mean over seeds", figure->y_label));
    note_missing(figure, results);
    return true;
}
