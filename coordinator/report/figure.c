#include "coordinator/report/figure.h"
#include "common/csv.h"
#include "common/json.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { FIGURE_BLOCK_BYTES = 1 << 16 };

struct figure *figure_create(enum figure_kind kind)
{
    struct arena *arena = arena_create(FIGURE_BLOCK_BYTES);
    struct figure *figure = arena_alloc(arena, sizeof *figure);
    *figure = (struct figure){ .kind = kind,
                               .arena = arena,
                               .name = "",
                               .title = "",
                               .x_label = "",
                               .y_label = "",
                               .series_label = "",
                               .x_name = "x",
                               .notes = "" };
    return figure;
}

void figure_destroy(struct figure **figure)
{
    if (*figure == NULL)
        return;
    struct arena *arena = (*figure)->arena;
    arena_destroy(&arena);
    *figure = NULL;
}

/* As xgrow, in the arena: what is outgrown stays there until the figure goes. */
static void *grow(struct figure *figure, void *items, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity > 0 ? *capacity * 2 : 8;
    void *grown = arena_alloc(figure->arena, *capacity * bytes);
    if (count > 0)
        memcpy(grown, items, count * bytes);
    return grown;
}

struct panel *figure_panel(struct figure *figure, const char *label)
{
    for (size_t i = 0; i < figure->count; i++) {
        if (strcmp(figure->panels[i].label, label) == 0)
            return &figure->panels[i];
    }
    figure->panels =
        grow(figure, figure->panels, figure->count, &figure->capacity, sizeof *figure->panels);
    struct panel *panel = &figure->panels[figure->count++];
    *panel = (struct panel){ .label = arena_text(figure->arena, label) };
    return panel;
}

static size_t label_order(struct figure *figure, const char *label)
{
    for (size_t i = 0; i < figure->n_labels; i++) {
        if (strcmp(figure->labels[i], label) == 0)
            return i;
    }
    figure->labels = grow(figure, figure->labels, figure->n_labels, &figure->labels_capacity,
                          sizeof *figure->labels);
    figure->labels[figure->n_labels] = arena_text(figure->arena, label);
    return figure->n_labels++;
}

struct series *figure_series(struct figure *figure, struct panel *panel, const char *label)
{
    for (size_t i = 0; i < panel->count; i++) {
        if (strcmp(panel->series[i].label, label) == 0)
            return &panel->series[i];
    }
    panel->series =
        grow(figure, panel->series, panel->count, &panel->capacity, sizeof *panel->series);
    struct series *series = &panel->series[panel->count++];
    size_t order = label_order(figure, label);
    *series = (struct series){ .label = figure->labels[order], .number = NAN, .order = order };
    return series;
}

void figure_add(struct figure *figure, struct series *series, double x, struct summary summary)
{
    series->cells =
        grow(figure, series->cells, series->count, &series->capacity, sizeof *series->cells);
    series->cells[series->count++] = (struct cell){ x, summary };
}

size_t figure_x(struct figure *figure, const char *text)
{
    for (size_t i = 0; i < figure->n_x_texts; i++) {
        if (strcmp(figure->x_texts[i], text) == 0)
            return i;
    }
    const char **texts =
        arena_alloc(figure->arena, (figure->n_x_texts + 1) * sizeof *figure->x_texts);
    if (figure->n_x_texts > 0)
        memcpy(texts, figure->x_texts, figure->n_x_texts * sizeof *texts);
    texts[figure->n_x_texts] = arena_text(figure->arena, text);
    figure->x_texts = texts;
    return figure->n_x_texts++;
}

void figure_note(struct figure *figure, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    figure->notes = arena_printf(figure->arena, "%s%s%s", figure->notes,
                                 figure->notes[0] != '\0' ? " " : "", sentence);
}

void figure_runs(const struct figure *figure, size_t *fewest, size_t *most)
{
    *fewest = *most = 0;
    for (size_t p = 0; p < figure->count; p++) {
        for (size_t s = 0; s < figure->panels[p].count; s++) {
            const struct series *series = &figure->panels[p].series[s];
            for (size_t i = 0; i < series->count; i++) {
                size_t n = series->cells[i].summary.n;
                if (n > 0 && (*fewest == 0 || n < *fewest))
                    *fewest = n;
                *most = n > *most ? n : *most;
            }
        }
    }
}

/* ---- CSV ----------------------------------------------------------------------------------- */

static void write_number(FILE *stream, double number)
{
    char text[NUMBER_TEXT_BYTES];
    fputc(',', stream);
    if (!isfinite(number))
        return;
    number_text(text, number);
    fputs(text, stream);
}

static void write_x(const struct figure *figure, const struct cell *cell, FILE *stream)
{
    if (figure->kind == FIGURE_LINES) {
        write_number(stream, cell->x);
        return;
    }
    fputc(',', stream);
    csv_write_text(stream, figure->x_texts[(size_t)cell->x]);
}

static void write_cell(const struct figure *figure, const struct panel *panel,
                       const struct series *series, const struct cell *cell, FILE *stream)
{
    const struct summary *summary = &cell->summary;
    const double numbers[] = { summary->mean, summary->sd,    summary->low,
                               summary->high, summary->least, summary->most };
    csv_write_text(stream, panel->label);
    fputc(',', stream);
    csv_write_text(stream, series->label);
    write_x(figure, cell, stream);
    fprintf(stream, ",%zu", summary->n);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        write_number(stream, numbers[i]);
    fputs("\r\n", stream);
}

static void write_words(const struct figure *figure, FILE *stream)
{
    for (size_t i = 0; i < figure->n_rows; i++) {
        for (size_t k = 0; k < figure->n_columns; k++) {
            const char *word = figure->words[i][k];
            fputs(k > 0 ? "," : "", stream);
            csv_write_text(stream, word != NULL ? word : "");
        }
        fputs("\r\n", stream);
    }
}

void figure_write_csv(const struct figure *figure, FILE *stream)
{
    if (figure->kind == FIGURE_WORDS) {
        write_words(figure, stream);
        return;
    }
    fputs("panel,series,", stream);
    csv_write_text(stream, figure->x_name);
    fputs(",n,mean,sd,low,high,least,most\r\n", stream);
    for (size_t p = 0; p < figure->count; p++) {
        const struct panel *panel = &figure->panels[p];
        for (size_t s = 0; s < panel->count; s++) {
            const struct series *series = &panel->series[s];
            for (size_t i = 0; i < series->count; i++)
                write_cell(figure, panel, series, &series->cells[i], stream);
        }
    }
}
