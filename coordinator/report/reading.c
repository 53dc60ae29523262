#include "coordinator/report/reading.h"
#include "common/xalloc.h"
#include "coordinator/report/database.h"

#include <stdlib.h>
#include <string.h>

static bool parse_definition(struct reading *reading, size_t search, const char *text)
{
    struct problems problems;
    problems_init(&problems);
    reading->documents[search] = json_loads(text, 0, NULL);
    bool good =
        reading->documents[search] != NULL &&
        definition_parse(&reading->definitions[search], reading->documents[search], &problems);
    if (!good)
        error_set(reading->error, "the search `%s` in the database cannot be read: %s",
                  reading->names[search],
                  problems.count > 0 ? problems.list[0].text : "its definition is no JSON");
    problems_free(&problems);
    return good;
}

static bool read_search(struct reading *reading, size_t search)
{
    static const char sql[] = "SELECT definition FROM search WHERE name = :name";
    const char *name = reading->names[search];
    sqlite3_stmt *statement = report_query(reading->db, sql, name, 0, NULL, reading->error);
    if (statement == NULL)
        return false;
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    bool good = found && parse_definition(reading, search,
                                          (const char *)sqlite3_column_text(statement, 0));
    if (!report_query_end(reading->db, statement, reading->error))
        return false;
    if (!found)
        error_set(reading->error, "there is no search `%s`", name);
    return good;
}

static bool read_all(struct reading *reading)
{
    struct results *results = reading->results;
    for (size_t i = 0; i < reading->n_searches; i++) {
        if (!read_search(reading, i))
            return false;
        const struct definition *definition = reading->definitions[i];
        if (i > 0 && (strcmp(definition->metric, results->metric) != 0 ||
                      definition->maximize != results->maximize)) {
            error_set(reading->error,
                      "`%s` is judged by %s and `%s` by %s: they cannot be in one figure",
                      reading->names[0], results->metric, reading->names[i], definition->metric);
            return false;
        }
        results->metric = arena_text(results->arena, definition->metric);
        results->maximize = definition->maximize;
        results->built_in = definition->program == PROGRAM_LDT;
        results->over_time_last = definition->over_time_last;
        results->title =
            i == 0 ? arena_text(results->arena, reading->names[0])
                   : arena_printf(results->arena, "%s, %s", results->title, reading->names[i]);
    }
    return true;
}

bool reading_begin(struct reading *reading, const char *const *searches, size_t count)
{
    reading->definitions = xcalloc(count, sizeof *reading->definitions);
    reading->documents = xcalloc(count, sizeof *reading->documents);
    reading->names = searches;
    reading->n_searches = count;
    return read_all(reading);
}

void reading_end(struct reading *reading)
{
    for (size_t i = 0; i < reading->n_searches; i++) {
        definition_destroy(&reading->definitions[i]);
        json_decref(reading->documents[i]);
    }
    free(reading->definitions);
    free(reading->documents);
}

const struct study_definition *reading_definition(const struct reading *reading, size_t study)
{
    for (size_t i = 0; i < reading->n_searches; i++) {
        if (study < reading->definitions[i]->n_studies)
            return &reading->definitions[i]->studies[study];
        study -= reading->definitions[i]->n_studies;
    }
    return NULL;
}
