#include "coordinator/report/arrangement.h"

#include <assert.h>
#include <string.h>

enum { MAX_SERIES = 10 }; /* there are so many colours */

static bool separates_data(const char *key)
{
    static const char *const names[] = { "environment", "task", "data" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(key, names[i]) == 0)
            return true;
    }
    return false;
}

static bool on_axis(const struct arrangement *arrangement, int key)
{
    return key == arrangement->x || key == arrangement->y;
}

/* The one key that stays a series when all keys together would be too many. */
static int main_key(const struct arrangement *arrangement, const struct results *results)
{
    int method = results_find_key(results, "method");
    if (method >= 0 && !on_axis(arrangement, method))
        return method;
    for (int i = results->n_keys; i-- > 0;) {
        if (!on_axis(arrangement, i) && !separates_data(results->keys[i].name))
            return i;
    }
    return -1;
}

void arrangement_count(const struct arrangement *arrangement, const struct results *results,
                       size_t *n_panels, size_t *n_series)
{
    struct figure *trial = figure_create(FIGURE_LINES);
    *n_series = 0;
    for (size_t i = 0; i < results->n_studies; i++)
        arrangement_place(arrangement, trial, results, &results->studies[i]);
    *n_panels = trial->count;
    for (size_t i = 0; i < trial->count; i++)
        *n_series = trial->panels[i].count > *n_series ? trial->panels[i].count : *n_series;
    figure_destroy(&trial);
}

void arrange(struct arrangement *out, const struct results *results, int x, int y)
{
    size_t n_panels, n_series;
    *out = (struct arrangement){ .x = x, .y = y };
    assert(results->n_keys <= (int)(sizeof out->in_panel / sizeof *out->in_panel));
    for (int i = 0; i < results->n_keys; i++) {
        if (on_axis(out, i))
            continue;
        out->in_panel[i] =
            y >= 0 || separates_data(results->keys[i].name) || (x >= 0 && results->keys[i].numeric);
        out->in_series[i] = !out->in_panel[i];
    }
    arrangement_count(out, results, &n_panels, &n_series);
    if (n_series <= MAX_SERIES || y >= 0)
        return;
    int kept = main_key(out, results);
    for (int i = 0; i < results->n_keys; i++) {
        out->in_series[i] = i == kept;
        out->in_panel[i] = i != kept && !on_axis(out, i);
    }
}

const char *arrangement_panel_label(const struct arrangement *arrangement,
                                    const struct results *results, const struct study_result *study)
{
    return results_label(results, study, arrangement->in_panel);
}

static bool lacks(const struct study_result *study, int key)
{
    return key >= 0 && study->places[key] < 0;
}

struct series *arrangement_place(const struct arrangement *arrangement, struct figure *figure,
                                 const struct results *results, const struct study_result *study)
{
    if (lacks(study, arrangement->x) || lacks(study, arrangement->y))
        return NULL;
    struct panel *panel =
        figure_panel(figure, arrangement_panel_label(arrangement, results, study));
    if (arrangement->y >= 0) {
        const struct key *key = &results->keys[arrangement->y];
        int place = study->places[arrangement->y];
        struct series *series = figure_series(figure, panel, key->texts[place]);
        series->number = key->numbers[place];
        return series;
    }
    const char *label = results_label(results, study, arrangement->in_series);
    return figure_series(figure, panel, label[0] != '\0' ? label : study->name);
}
