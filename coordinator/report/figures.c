/* The table of the kinds of figures, and what they have in common: names and notes. */
#include "coordinator/report/escape.h"
#include "coordinator/report/makers.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 6 };

static bool (*const makers[])(struct figure **out, const struct request *request) = {
    make_curves, make_efficiency, make_heat_map, make_gaps, make_values, make_best,
};

bool figures_make(struct figure_set *out, const struct results *results, sqlite3 *db,
                  const char *metric, struct error *error)
{
    struct request request = {
        .results = results,
        .db = db,
        .error = error,
        .metric = metric != NULL ? metric : results->metric,
    };
    *out = (struct figure_set){ 0 };
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        struct figure *figure = NULL;
        if (!makers[i](&figure, &request)) {
            figure_destroy(&figure);
            figures_free(out);
            return false;
        }
        if (figure == NULL)
            continue;
        out->list = xgrow(out->list, out->count, &out->capacity, sizeof *out->list);
        out->list[out->count++] = figure;
    }
    return true;
}

void figures_free(struct figure_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        figure_destroy(&set->list[i]);
    free(set->list);
    *set = (struct figure_set){ 0 };
}

const char *metric_label(const struct results *results, const char *metric)
{
    static const char *const labels[][2] = {
        { "test_kl", "test KL (nats)" },
        { "test_accuracy", "test accuracy" },
        { "train_accuracy", "training accuracy" },
        { "test_mse", "normalised test MSE" },
        { "train_mse", "normalised training MSE" },
        { "test_loss", "test loss (nats)" },
        { "train_loss", "training loss (nats)" },
        { "prediction_entropy", "entropy of predictions (nats)" },
    };
    for (size_t i = 0; results->built_in && i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(metric, labels[i][0]) == 0)
            return labels[i][1];
    }
    return metric;
}

void name_figure(struct figure *figure, const struct results *results, const char *what,
                 const char *title)
{
    struct buf name;
    buf_init(&name, 4096);
    escape_file(&name, results->title);
    buf_text(&name, ".");
    escape_file(&name, what);
    figure->name = arena_text(figure->arena, name.bytes);
    figure->title = arena_printf(figure->arena, "%s: %s", results->title, title);
    buf_free(&name);
}

static void note_studies_without_runs(struct figure *figure, const struct results *results)
{
    struct buf list;
    size_t count = 0;
    buf_init(&list, 1 << 16);
    for (size_t i = 0; i < results->n_studies; i++) {
        if (results->studies[i].n_runs > 0)
            continue;
        if (count++ < NAMES_SHOWN)
            buf_printf(&list, "%s%s", count > 1 ? ", " : "", results->studies[i].name);
    }
    if (count > 0)
        figure_note(figure, "No run has ended well in %zu of %zu studies: %s%s.", count,
                    results->n_studies, list.bytes, count > NAMES_SHOWN ? ", ..." : "");
    buf_free(&list);
}

void note_missing(struct figure *figure, const struct results *results)
{
    long long diverged = 0, failed = 0, unfinished = 0;
    note_studies_without_runs(figure, results);
    for (size_t i = 0; i < results->n_studies; i++) {
        diverged += results->studies[i].n_diverged;
        failed += results->studies[i].n_failed;
        unfinished += results->studies[i].n_unfinished;
    }
    if (diverged + failed > 0)
        figure_note(figure, "Runs that are in no mean: %lld diverged, %lld failed or stopped.",
                    diverged, failed);
    if (unfinished > 0)
        figure_note(figure, "Runs that have not ended yet: %lld.", unfinished);
}
