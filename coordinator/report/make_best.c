/* The best configuration of each study, the parameters that were searched over. Table 5. */
#include "coordinator/report/makers.h"
#include "common/json.h"

#include <stdlib.h>
#include <string.h>

enum { FIXED_COLUMNS = 3, MAX_COLUMNS = 64 };

/* The parameters that any study varied, in the order of their first appearance. */
static size_t find_columns(const struct results *results, const char **columns)
{
    size_t count = 0;
    for (size_t i = 0; i < results->n_studies; i++) {
        for (const char *const *name = results->studies[i].varied; *name != NULL; name++) {
            size_t at = 0;
            while (at < count && strcmp(columns[at], *name) != 0)
                at++;
            if (at == count && count < MAX_COLUMNS)
                columns[count++] = *name;
        }
    }
    return count;
}

static const char *text_of(struct arena *arena, const json_t *value)
{
    if (value == NULL)
        return NULL;
    if (json_is_string(value))
        return arena_text(arena, json_string_value(value));
    char *text = json_text(value);
    const char *copy = arena_text(arena, text);
    free(text);
    return copy;
}

static const char **make_row(struct figure *figure, const struct study_result *study,
                             const char *const *columns)
{
    char mean[NUMBER_TEXT_BYTES] = "";
    struct summary summary = summary_of(study->values, study->n_runs);
    const char **row = arena_alloc(figure->arena, figure->n_columns * sizeof *row);
    json_t *parameters = study->parameters != NULL ? json_loads(study->parameters, 0, NULL) : NULL;
    if (summary.n > 0)
        number_text(mean, summary.mean);
    row[0] = arena_text(figure->arena, study->name);
    row[1] = arena_text(figure->arena, mean);
    row[2] = arena_printf(figure->arena, "%zu", summary.n);
    for (size_t i = FIXED_COLUMNS; i < figure->n_columns; i++)
        row[i] = text_of(figure->arena, json_object_get(parameters, columns[i - FIXED_COLUMNS]));
    json_decref(parameters);
    return row;
}

static const char **make_header(struct figure *figure, const struct results *results,
                                const char *const *columns)
{
    const char **row = arena_alloc(figure->arena, figure->n_columns * sizeof *row);
    row[0] = "study";
    row[1] = arena_text(figure->arena, results->metric);
    row[2] = "n";
    for (size_t i = FIXED_COLUMNS; i < figure->n_columns; i++)
        row[i] = arena_text(figure->arena, columns[i - FIXED_COLUMNS]);
    return row;
}

bool make_best(struct figure **out, const struct request *request)
{
    const struct results *results = request->results;
    const char *columns[MAX_COLUMNS];
    size_t count = find_columns(results, columns);
    if (count == 0)
        return true;
    struct figure *figure = *out = figure_create(FIGURE_WORDS);
    figure->n_columns = count + FIXED_COLUMNS;
    figure->words = arena_alloc(figure->arena, (results->n_studies + 1) * sizeof *figure->words);
    figure->words[figure->n_rows++] = make_header(figure, results, columns);
    for (size_t i = 0; i < results->n_studies; i++)
        figure->words[figure->n_rows++] = make_row(figure, &results->studies[i], columns);
    name_figure(figure, results, "best", "the best configuration of each study");
    note_missing(figure, results);
    return true;
}
