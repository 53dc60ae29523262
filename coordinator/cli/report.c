/* ldt report - the figures and tables of searches, as files and one page that shows them. */
#include "common/arena.h"
#include "common/trainer/nearest.h"
#include "common/xalloc.h"
#include "coordinator/cli/counted.h"
#include "coordinator/cli/database.h"
#include "coordinator/report/paper.h"
#include "coordinator/report/report.h"

#include <stdlib.h>
#include <string.h>

/* Searches by name; each once, in the order given. */
struct names {
    char **list;
    size_t count, capacity;
};

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i], name) == 0)
            return;
    }
    names->list = xgrow(names->list, names->count, &names->capacity, sizeof *names->list);
    names->list[names->count++] = xstrdup(name);
}

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
}

/* The search with this name, or of the study with it; NULL: all of them. */
static int find_searches(sqlite3 *db, const char *name, struct names *names)
{
    static const char sql[] = "SELECT search FROM v_study WHERE :study IS NULL OR search = :study"
                              " OR study = :study";
    size_t before = names->count;
    struct studies studies;
    sqlite3_stmt *statement = database_query(db, sql, name, 0, 0);
    if (statement == NULL)
        return EXIT_FAILED;
    while (sqlite3_step(statement) == SQLITE_ROW)
        add_name(names, (const char *)sqlite3_column_text(statement, 0));
    if (!database_query_end(statement))
        return EXIT_FAILED;
    if (names->count > before || name == NULL)
        return EXIT_OK;
    int status = studies_find(db, name, &studies); /* it says what the nearest name is */
    studies_free(&studies);
    return status;
}

static int find_all_searches(sqlite3 *db, const struct arguments *arguments, struct names *names)
{
    int status = EXIT_OK;
    if (arguments->n_words == 0)
        status = find_searches(db, NULL, names);
    for (int i = 0; i < arguments->n_words && status == EXIT_OK; i++)
        status = find_searches(db, arguments->words[i], names);
    if (status != EXIT_OK || names->count > 0)
        return status;
    complain("the database holds no search yet: `ldt submit FILE` begins one");
    return EXIT_NOT_FOUND;
}

/* A misspelt metric would make a page without curves. */
static int check_metric(sqlite3 *db, const char *metric)
{
    struct nearest nearest;
    bool known = false;
    if (metric == NULL)
        return EXIT_OK;
    sqlite3_stmt *statement =
        database_query(db, "SELECT name FROM metric ORDER BY id", NULL, 0, 0);
    if (statement == NULL)
        return EXIT_FAILED;
    struct arena *arena = arena_create(1 << 12);
    nearest_init(&nearest, metric);
    while (!known && sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = arena_text(arena, (const char *)sqlite3_column_text(statement, 0));
        known = strcmp(name, metric) == 0;
        nearest_offer(&nearest, name);
    }
    int status = known ? EXIT_OK : EXIT_NOT_FOUND;
    if (!database_query_end(statement))
        status = EXIT_FAILED;
    const char *meant = nearest_word(&nearest);
    if (status == EXIT_NOT_FOUND && meant != NULL)
        complain("no trial reported a metric `%s`; did you mean `%s`?", metric, meant);
    else if (status == EXIT_NOT_FOUND)
        complain("no trial reported a metric `%s`; `ldt curve` shows those of a trial", metric);
    arena_destroy(&arena);
    return status;
}

/* Whether to speak of the paper: one of its searches is here, or everything was asked for. */
static bool concerns_paper(const struct names *names, const struct arguments *arguments)
{
    bool concerns = arguments->n_words == 0;
    for (size_t i = 0; i < names->count; i++)
        concerns = concerns || paper_knows(names->list[i]);
    return concerns;
}

static int write_pages(sqlite3 *db, const struct arguments *arguments, const struct names *names)
{
    struct error error;
    size_t n_figures;
    struct report_request request = {
        .searches = (const char *const *)names->list,
        .n_searches = names->count,
        .metric = arguments->metric,
        .directory = arguments->directory,
        .paper = concerns_paper(names, arguments),
    };
    if (!report_write(db, &request, &n_figures, &error)) {
        complain("%s", error.text);
        return EXIT_FAILED;
    }
    printf("%s/index.html\n", arguments->directory);
    fprintf(stderr, "%s of %s\n",
            counted((int64_t)n_figures, "figure or table", "figures and tables"),
            counted((int64_t)names->count, "search", "searches"));
    return EXIT_OK;
}

static int write_report(sqlite3 *db, const struct arguments *arguments)
{
    struct names names = { 0 };
    if (arguments->directory == NULL) {
        complain("where to? -o DIR names the directory that the report goes to");
        return EXIT_USAGE;
    }
    int status = find_all_searches(db, arguments, &names);
    if (status == EXIT_OK)
        status = check_metric(db, arguments->metric);
    if (status == EXIT_OK)
        status = write_pages(db, arguments, &names);
    names_free(&names);
    return status;
}

int command_report(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "directory", ARGUMENT_DIRECTORY, "DIR", 0, "The directory to write, made if missing", 0 },
        { "metric", ARGUMENT_METRIC, "NAME", 0,
          "Metric of the learning curves (default: the search's)", 0 },
        { 0 }
    };
    static const struct verb verb = {
        .name = "ldt report",
        .words = "[SEARCH...] -o DIR",
        .help = "Draws the figures and tables of searches, or of all there are.\vWrites "
                "DIR/index.html, and for each figure the picture (SVG, PNG) and its numbers (CSV): "
                "learning curves, values over one and over two numeric keys of the matrix, "
                "generalisation gaps, values and best parameters of each study. Needs gnuplot.",
        .options = options,
        .minimum = 0,
        .maximum = -1,
    };
    return database_verb(&verb, context, argc, argv, write_report);
}
