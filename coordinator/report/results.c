#include "coordinator/report/results.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/report/database.h"
#include "coordinator/space/definition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 200, RESULT_BLOCK_BYTES = 1 << 16 };

/* What is known while reading: the definitions behind the studies. */
struct reading {
    struct results *results;
    sqlite3 *db;
    struct error *error;
    struct definition **definitions;
    json_t **documents;
    const char **names;
    int64_t *ids;
    size_t n_searches;
};

/* ---- searches ------------------------------------------------------------------------------ */

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
    static const char sql[] = "SELECT id, definition FROM search WHERE name = :name";
    const char *name = reading->names[search];
    sqlite3_stmt *statement = report_query(reading->db, sql, name, 0, NULL, reading->error);
    if (statement == NULL)
        return false;
    bool good = sqlite3_step(statement) == SQLITE_ROW;
    if (good) {
        reading->ids[search] = sqlite3_column_int64(statement, 0);
        good = parse_definition(reading, search, (const char *)sqlite3_column_text(statement, 1));
    } else {
        error_set(reading->error, "there is no search `%s`", name);
    }
    sqlite3_finalize(statement);
    return good;
}

static bool read_searches(struct reading *reading)
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

/* ---- keys ---------------------------------------------------------------------------------- */

/* What a study fixes a parameter to; VALUE_NONE when it lacks it or searches over it. */
static struct value constant_of(const struct study_definition *study, const char *name)
{
    for (int i = 0; i < study->space->n_parameters; i++) {
        const struct parameter *parameter = &study->space->parameters[i];
        if (strcmp(parameter->name, name) == 0 && parameter->n_domains == 1 &&
            parameter->domains[0].distribution == CONSTANT)
            return parameter->domains[0].values[0];
    }
    return (struct value){ .type = VALUE_NONE };
}

static const char *text_of(struct arena *arena, struct value value)
{
    char number[NUMBER_TEXT_BYTES];
    switch (value.type) {
    case VALUE_BOOLEAN:
        return value.boolean ? "yes" : "no";
    case VALUE_INTEGER:
        return arena_printf(arena, "%lld", (long long)value.integer);
    case VALUE_TEXT:
        return arena_text(arena, value.text);
    case VALUE_REAL:
        number_text(number, value.real);
        return arena_text(arena, number);
    default:
        return NULL;
    }
}

static double number_of(struct value value)
{
    return value.type == VALUE_INTEGER || value.type == VALUE_REAL ? value_number(value) : NAN;
}

/* The value's index among those of the key, added if it is new. */
static int place_of(struct arena *arena, struct key *key, struct value value, int capacity)
{
    const char *text = text_of(arena, value);
    if (text == NULL)
        return -1;
    for (int i = 0; i < key->n_values; i++) {
        if (strcmp(key->texts[i], text) == 0)
            return i;
    }
    if (key->n_values == capacity)
        return -1;
    key->texts[key->n_values] = text;
    key->numbers[key->n_values] = number_of(value);
    key->numeric = key->numeric && isfinite(key->numbers[key->n_values]);
    return key->n_values++;
}

/* Smallest first; the few values of a key need no better than insertion. */
static void sort_values(struct key *key, int *order)
{
    for (int i = 0; i < key->n_values; i++)
        order[i] = i;
    for (int i = 1; i < key->n_values && key->numeric; i++) {
        for (int k = i; k > 0 && key->numbers[order[k]] < key->numbers[order[k - 1]]; k--) {
            int swapped = order[k];
            order[k] = order[k - 1];
            order[k - 1] = swapped;
        }
    }
}

static void apply_order(struct results *results, struct key *key, const int *order, int at)
{
    size_t count = (size_t)key->n_values;
    const char **texts = arena_alloc(results->arena, (count + 1) * sizeof *texts);
    double *numbers = arena_alloc(results->arena, (count + 1) * sizeof *numbers);
    int *place = arena_alloc(results->arena, (count + 1) * sizeof *place);
    for (int i = 0; i < key->n_values; i++) {
        texts[i] = key->texts[order[i]];
        numbers[i] = key->numbers[order[i]];
        place[order[i]] = i;
    }
    key->texts = texts;
    key->numbers = numbers;
    for (size_t i = 0; i < results->n_studies; i++) {
        int *own = &results->studies[i].places[at];
        *own = *own < 0 ? -1 : place[*own];
    }
}

static const struct study_definition *definition_of(const struct reading *reading, size_t *study)
{
    for (size_t i = 0; i < reading->n_searches; i++) {
        if (*study < reading->definitions[i]->n_studies)
            return &reading->definitions[i]->studies[*study];
        *study -= reading->definitions[i]->n_studies;
    }
    return NULL;
}

static struct key *begin_key(struct results *results, const char *name)
{
    struct key *key = &results->keys[results->n_keys];
    *key = (struct key){ .name = arena_text(results->arena, name), .numeric = true };
    key->texts = arena_alloc(results->arena, (results->n_studies + 1) * sizeof *key->texts);
    key->numbers = arena_alloc(results->arena, (results->n_studies + 1) * sizeof *key->numbers);
    return key;
}

/* Reads the key's value of every study and keeps the key if it tells any two apart. A name that is
 * in no matrix must differ between studies that have it. */
static void offer_key(struct reading *reading, const char *name)
{
    struct results *results = reading->results;
    int at = results->n_keys;
    if (at == MAX_KEYS || results_find_key(results, name) >= 0)
        return;
    struct key *key = begin_key(results, name);
    int *order = arena_alloc(results->arena, (results->n_studies + 1) * sizeof *order);
    for (size_t i = 0; i < results->n_studies; i++) {
        size_t study = i;
        results->studies[i].places[at] =
            place_of(results->arena, key, constant_of(definition_of(reading, &study), name),
                     (int)results->n_studies);
    }
    if (key->n_values < 2)
        return;
    sort_values(key, order);
    apply_order(results, key, order, at);
    results->n_keys++;
}

static void offer_matrix_keys(struct reading *reading)
{
    const char *name;
    json_t *member;
    for (size_t i = 0; i < reading->n_searches; i++) {
        json_t *matrix = json_object_get(reading->documents[i], "matrix");
        json_object_foreach(matrix, name, member)
        {
            if (strcmp(name, "exclude") != 0)
                offer_key(reading, name);
        }
    }
}

static bool same_places(const struct results *results, size_t a, size_t b)
{
    return memcmp(results->studies[a].places, results->studies[b].places,
                  (size_t)results->n_keys * sizeof(int)) == 0;
}

/* Whether the keys so far tell any two studies apart. */
static bool all_differ(const struct results *results)
{
    for (size_t a = 0; a < results->n_studies; a++) {
        for (size_t b = a + 1; b < results->n_studies; b++) {
            if (same_places(results, a, b))
                return false;
        }
    }
    return true;
}

/* Constants that differ between searches, while they are needed; the names that speak for
 * themselves first. */
static void offer_constants(struct reading *reading)
{
    static const char *const first[] = { "task", "environment", "method" };
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        if (!all_differ(reading->results))
            offer_key(reading, first[i]);
    }
    for (size_t i = 0; i < reading->n_searches; i++) {
        const struct space *space = reading->definitions[i]->studies[0].space;
        for (int k = 0; k < space->n_parameters && !all_differ(reading->results); k++)
            offer_key(reading, space->parameters[k].name);
    }
}

/* `search` or `seed`, which are in no space: named after the search, or by the study's own seed. */
static void add_key(struct reading *reading, const char *name, bool by_search)
{
    struct results *results = reading->results;
    struct key *key = begin_key(results, name);
    size_t i = 0;
    for (size_t s = 0; s < reading->n_searches; s++) {
        const struct definition *definition = reading->definitions[s];
        for (size_t k = 0; k < definition->n_studies; k++, i++) {
            struct value value = { .type = VALUE_TEXT, .text = definition->name };
            if (!by_search)
                value = (struct value){ .type = VALUE_INTEGER,
                                        .integer = definition->studies[k].search_seed };
            results->studies[i].places[results->n_keys] =
                place_of(results->arena, key, value, (int)results->n_studies);
        }
    }
    results->n_keys += key->n_values > 1 && results->n_keys < MAX_KEYS;
}

/* Whether labels without `none` and `no` still tell all studies apart. */
static bool short_labels_differ(struct results *results)
{
    bool all[MAX_KEYS + 2];
    memset(all, true, sizeof all);
    json_t *seen = json_object();
    for (size_t i = 0; i < results->n_studies; i++)
        json_object_set_new_nocheck(seen, results_label(results, &results->studies[i], all),
                                    json_true());
    bool differ = json_object_size(seen) == results->n_studies;
    json_decref(seen);
    return differ;
}

static void find_keys(struct reading *reading)
{
    struct results *results = reading->results;
    results->keys = arena_alloc(results->arena, (MAX_KEYS + 2) * sizeof *results->keys);
    offer_matrix_keys(reading);
    if (reading->n_searches > 1)
        offer_constants(reading);
    add_key(reading, "seed", false);
    if (reading->n_searches > 1 && !all_differ(results))
        add_key(reading, "search", true);
    results->full_labels = !short_labels_differ(results);
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* The configuration with the best value; while none is complete, the best of those with most runs.
 */
static const char best_sql[] =
    "SELECT configuration FROM (SELECT * FROM (SELECT configuration, 0 AS place FROM v_best"
    "   WHERE study = :name AND state <> 'diverged' ORDER BY rank, trial LIMIT 1)"
    " UNION ALL SELECT * FROM (SELECT configuration, 1 FROM v_trial"
    "   WHERE study = :name AND state = 'done' AND value IS NOT NULL GROUP BY configuration"
    "   ORDER BY count(*) DESC, CASE WHEN :number THEN -avg(value) ELSE avg(value) END,"
    "   configuration LIMIT 1)) ORDER BY place LIMIT 1";

static const char runs_sql[] = "SELECT trial, value, state, parameters FROM v_trial"
                               " WHERE study = :name AND configuration = :number ORDER BY trial";

static void add_run(struct results *results, struct study_result *study, sqlite3_stmt *row,
                    size_t *capacity)
{
    const char *state = (const char *)sqlite3_column_text(row, 2);
    bool ended_well = strcmp(state, "done") == 0;
    if (!ended_well || sqlite3_column_type(row, 1) == SQLITE_NULL) {
        bool unfinished = strcmp(state, "waiting") == 0 || strcmp(state, "running") == 0;
        study->n_diverged += strcmp(state, "diverged") == 0;
        study->n_unfinished += unfinished;
        study->n_failed += !unfinished && strcmp(state, "diverged") != 0;
        return;
    }
    if (study->n_runs == *capacity) {
        size_t bytes = study->n_runs * sizeof(double);
        *capacity = *capacity > 0 ? *capacity * 2 : 8;
        void *trials = arena_alloc(results->arena, *capacity * sizeof *study->trials);
        void *values = arena_alloc(results->arena, *capacity * sizeof *study->values);
        if (bytes > 0) {
            memcpy(trials, study->trials, bytes);
            memcpy(values, study->values, bytes);
        }
        study->trials = trials;
        study->values = values;
    }
    if (study->parameters == NULL)
        study->parameters = arena_text(results->arena, (const char *)sqlite3_column_text(row, 3));
    study->trials[study->n_runs] = sqlite3_column_int64(row, 0);
    study->values[study->n_runs++] = sqlite3_column_double(row, 1);
}

/* The runs of the best configuration of the study with this name; none is no failure. */
static bool read_runs(struct reading *reading, struct study_result *study, const char *name)
{
    struct results *results = reading->results;
    size_t capacity = 0;
    int64_t configuration = -1;
    sqlite3_stmt *statement =
        report_query(reading->db, best_sql, name, results->maximize, NULL, reading->error);
    if (statement == NULL)
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW)
        configuration = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    if (configuration < 0)
        return true;
    statement = report_query(reading->db, runs_sql, name, configuration, NULL, reading->error);
    if (statement == NULL)
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW)
        add_run(results, study, statement, &capacity);
    bool good = report_query_end(reading->db, statement, reading->error);
    study->name = arena_text(results->arena, name);
    return good;
}

static const char *const *varied_of(struct arena *arena, const struct study_definition *definition)
{
    const struct space *space = definition->space;
    const char **names = arena_alloc(arena, ((size_t)space->n_parameters + 1) * sizeof *names);
    size_t count = 0;
    for (int i = 0; i < space->n_parameters; i++) {
        const struct parameter *parameter = &space->parameters[i];
        if (parameter->n_domains > 1 || parameter->domains[0].distribution != CONSTANT)
            names[count++] = arena_text(arena, parameter->name);
    }
    return names;
}

static bool read_study(struct reading *reading, struct study_result *study,
                       const struct study_definition *definition)
{
    struct arena *arena = reading->results->arena;
    const char *rerun = arena_printf(arena, "%s" RERUN_SUFFIX, definition->name);
    study->varied = varied_of(arena, definition);
    if (!read_runs(reading, study, rerun))
        return false;
    if (study->n_runs > 0)
        return true;
    study->n_diverged = study->n_failed = study->n_unfinished = 0;
    study->name = arena_text(arena, definition->name);
    return read_runs(reading, study, definition->name);
}

static bool read_studies(struct reading *reading)
{
    struct results *results = reading->results;
    for (size_t i = 0; i < reading->n_searches; i++)
        results->n_studies += reading->definitions[i]->n_studies;
    results->studies =
        arena_alloc(results->arena, (results->n_studies + 1) * sizeof *results->studies);
    for (size_t i = 0; i < results->n_studies; i++) {
        size_t study = i;
        results->studies[i].places = arena_alloc(results->arena, (MAX_KEYS + 2) * sizeof(int));
        if (!read_study(reading, &results->studies[i], definition_of(reading, &study)))
            return false;
    }
    find_keys(reading);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void reading_free(struct reading *reading)
{
    for (size_t i = 0; i < reading->n_searches; i++) {
        definition_destroy(&reading->definitions[i]);
        json_decref(reading->documents[i]);
    }
    free(reading->definitions);
    free(reading->documents);
    free(reading->names);
    free(reading->ids);
}

bool results_read(struct results **out, sqlite3 *db, const char *const *searches, size_t count,
                  struct error *error)
{
    struct arena *arena = arena_create(RESULT_BLOCK_BYTES);
    struct results *results = arena_alloc(arena, sizeof *results);
    struct reading reading = { .results = results, .db = db, .error = error, .n_searches = count };
    results->arena = arena;
    reading.definitions = xcalloc(count, sizeof *reading.definitions);
    reading.documents = xcalloc(count, sizeof *reading.documents);
    reading.names = xcalloc(count, sizeof *reading.names);
    reading.ids = xcalloc(count, sizeof *reading.ids);
    for (size_t i = 0; i < count; i++)
        reading.names[i] = searches[i];
    bool good = read_searches(&reading) && read_studies(&reading);
    reading_free(&reading);
    *out = results;
    if (!good)
        results_destroy(out);
    return good;
}

void results_destroy(struct results **results)
{
    if (*results == NULL)
        return;
    struct arena *arena = (*results)->arena;
    arena_destroy(&arena);
    *results = NULL;
}

int results_find_key(const struct results *results, const char *name)
{
    for (int i = 0; i < results->n_keys; i++) {
        if (strcmp(results->keys[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* A value as part of a label: a number or a flag needs its name; what is `none` or `no` goes
 * without saying where labels may be short. */
static void add_value(struct buf *out, const struct results *results, const struct key *key,
                      const char *value)
{
    bool is_yes = strcmp(value, "yes") == 0, is_no = strcmp(value, "no") == 0;
    if (!results->full_labels && (is_no || strcmp(value, "none") == 0))
        return;
    buf_text(out, out->length > 0 ? ", " : "");
    if (is_yes && !results->full_labels)
        buf_text(out, key->name);
    else if (key->numeric || is_yes || is_no)
        buf_printf(out, "%s %s", key->name, value);
    else
        buf_text(out, value);
}

const char *results_label(const struct results *results, const struct study_result *study,
                          const bool *marked)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < results->n_keys; i++) {
        const struct key *key = &results->keys[i];
        if (marked[i] && study->places[i] >= 0)
            add_value(&text, results, key, key->texts[study->places[i]]);
    }
    const char *label = arena_text(results->arena, text.bytes);
    buf_free(&text);
    return label;
}
