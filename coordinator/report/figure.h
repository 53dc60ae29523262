/* figure.h - a figure as numbers, before anything is drawn: panels of series of cells, each cell a
 * summary over seeds. One row of the table in figures.c is one kind of figure; plot.h draws it,
 * page.h shows it, figure_write_csv writes what was drawn.
 *
 *     lines      x is a number (an epoch, a matrix key)            series: a line each
 *     heat map   x and series are values of two numeric keys       one cell each
 *     bars       x is a group (text), series stand side by side
 *     table      as bars, but printed; not drawn
 *     words      a table of texts, not of summaries; not drawn */
#ifndef REPORT_FIGURE_H
#define REPORT_FIGURE_H
#include "coordinator/report/results.h"
#include "coordinator/report/statistics.h"

#include <stdio.h>

enum figure_kind { FIGURE_LINES, FIGURE_HEAT, FIGURE_BARS, FIGURE_TABLE, FIGURE_WORDS };

struct cell {
    double x;                /* in lines; else the index among x_texts */
    struct summary summary;
};

struct series {
    const char *label;
    double number;           /* heat map: the value that the series stands for */
    size_t order;            /* of its colour: the same label has the same one in every panel */
    struct cell *cells;
    size_t count, capacity;
};

struct panel {
    const char *label;       /* "" when there is only one */
    struct series *series;
    size_t count, capacity;
};

struct figure {
    enum figure_kind kind;
    const char *name;        /* of its files, without ending: "task-b.curves.test_kl" */
    const char *title;
    const char *x_label, *y_label, *series_label;
    const char *x_name;      /* column of the CSV */
    const char *notes;       /* sentences on what is missing or was left out; "" none */
    bool log_x, log_y;
    bool same_y;             /* all panels have one vertical axis */
    const char **x_texts;    /* heat maps, bars, tables: what the indexes stand for */
    size_t n_x_texts;
    struct panel *panels;
    size_t count, capacity;
    const char **labels;     /* of all series, by order */
    size_t n_labels, labels_capacity;
    const char ***words;     /* rows of n_columns texts, the header first; NULL: empty */
    size_t n_rows, n_columns;
    struct arena *arena;     /* owns everything above */
};

struct figure *figure_create(enum figure_kind kind);
void figure_destroy(struct figure **figure); /* leaves NULL, accepts NULL */

/* The panel and the series with these labels, made when they are new. Labels are copied. */
struct panel *figure_panel(struct figure *figure, const char *label);
struct series *figure_series(struct figure *figure, struct panel *panel, const char *label);
void figure_add(struct figure *figure, struct series *series, double x, struct summary summary);

/* The index of a text on the x axis, added when it is new. */
size_t figure_x(struct figure *figure, const char *text);

/* Appends a sentence to the notes. */
void figure_note(struct figure *figure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The fewest and most runs behind any cell that has one; 0 and 0 without. */
void figure_runs(const struct figure *figure, size_t *fewest, size_t *most);

/* RFC 4180: panel, series, x, n, mean, sd, low, high, least, most - numbers exact, NaN empty. */
void figure_write_csv(const struct figure *figure, FILE *stream);

/* ---- kinds of figures: figures.c */

struct figure_set {
    struct figure **list;
    size_t count, capacity;
};

/* Every figure for which the results have what it takes, in the order of the table. metric: of the
 * learning curves, NULL for the search's. */
bool figures_make(struct figure_set *out, const struct results *results, sqlite3 *db,
                  const char *metric, struct error *error);
void figures_free(struct figure_set *set);
#endif
