#include "coordinator/doctor/examination.h"
#include "common/xalloc.h"
#include "coordinator/store/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_ROWS = 20000 };

const char remedy_row[] = "take a copy of the file from before, or `ldt doctor --accept` to keep "
                          "the row as it is now";
const char remedy_copy[] = "take a copy of the file from before";
const char remedy_file[] = "take a copy of the file from before; without one save what can be read "
                           "with `sqlite3 FILE .recover`";

/* ---- findings */

static void affect(struct examination *examination, int64_t study)
{
    struct patient *patient = examination_patient(examination, study);
    if (study == EVERYWHERE)
        examination->diagnosis->everywhere = true;
    else if (patient != NULL)
        patient->affected = true;
}

void examination_find(struct examination *examination, int64_t study, const char *place,
                      const char *remedy, const char *format, ...)
{
    char *fault;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&fault, format, values);
    va_end(values);
    examination->diagnosis->findings++;
    examination->diagnosis->acceptable |= remedy == remedy_row;
    affect(examination, study);
    struct finding finding = { place, length >= 0 ? fault : format, remedy };
    examination->listener->found(examination->listener->context, &finding);
    if (length >= 0)
        free(fault);
}

void examination_unreadable(struct examination *examination, const char *place)
{
    examination_find(examination, EVERYWHERE, place, remedy_file,
                     "it cannot be read to its end: %s", sqlite3_errmsg(examination->db));
}

void examination_progress(struct examination *examination, const char *what, int64_t done,
                          int64_t total)
{
    const struct doctor_listener *listener = examination->listener;
    if (listener->progress == NULL || (done > 0 && done < examination->told + PROGRESS_ROWS))
        return;
    examination->told = done;
    listener->progress(listener->context, what, done, total);
}

struct patient *examination_patient(const struct examination *examination, int64_t study)
{
    size_t low = 0, high = examination->n_patients;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (examination->patients[middle].id < study)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < examination->n_patients && examination->patients[low].id == study;
    return found ? &examination->patients[low] : NULL;
}

/* ---- questions */

sqlite3_stmt *examination_ask(struct examination *examination, const char *sql, int64_t number)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(examination->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        examination_unreadable(examination, "the database");
        return NULL;
    }
    if (sqlite3_bind_parameter_count(statement) > 0)
        sqlite3_bind_int64(statement, 1, number);
    return statement;
}

bool examination_next(struct examination *examination, sqlite3_stmt *statement, const char *place)
{
    if (statement == NULL)
        return false;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        examination_unreadable(examination, place);
    return rc == SQLITE_ROW;
}

/* ---- the studies */

static struct definition *parse_definition(const char *text)
{
    struct definition *definition = NULL;
    struct problems problems;
    json_t *document = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    problems_init(&problems);
    if (document != NULL && !definition_parse(&definition, document, &problems))
        definition = NULL;
    problems_free(&problems);
    json_decref(document);
    return definition;
}

static struct patient read_patient(sqlite3_stmt *row)
{
    const char *name = (const char *)sqlite3_column_text(row, 5);
    return (struct patient){
        .id = sqlite3_column_int64(row, 0),
        .search = sqlite3_column_int64(row, 1),
        .position = sqlite3_column_int64(row, 2),
        .parent = sqlite3_column_int64(row, 3),
        .repeat = sqlite3_column_int(row, 4),
        .name = xstrdup(name != NULL ? name : ""),
        .audit = sqlite3_column_int(row, 6) != 0,
        .seed = sqlite3_column_int64(row, 7),
        .definition = parse_definition((const char *)sqlite3_column_text(row, 8)),
    };
}

/* In the order of the table itself, and put in order here: a damaged index must not hide one. */
static int by_id(const void *left, const void *right)
{
    int64_t a = ((const struct patient *)left)->id, b = ((const struct patient *)right)->id;
    return (a > b) - (a < b);
}

static void load_patients(struct examination *examination)
{
    size_t capacity = 0;
    sqlite3_stmt *rows = examination_ask(
        examination,
        "SELECT study.id, study.search, study.position, study.parent, study.repeat, study.name,"
        " study.audit, study.seed, search.definition FROM study LEFT JOIN search ON search.id = "
        "study.search",
        0);
    while (examination_next(examination, rows, "the table study")) {
        examination->patients = xgrow(examination->patients, examination->n_patients, &capacity,
                                      sizeof *examination->patients);
        examination->patients[examination->n_patients++] = read_patient(rows);
    }
    sqlite3_finalize(rows);
    if (examination->n_patients > 0)
        qsort(examination->patients, examination->n_patients, sizeof *examination->patients, by_id);
    for (size_t i = 0; i < examination->n_patients; i++) {
        struct patient *patient = &examination->patients[i];
        if (patient->definition == NULL || patient->definition->from.pending)
            examination_find(examination, patient->id, patient->name, remedy_row,
                             "the definition of its search is not valid in this release");
    }
}

static void forget_patients(struct examination *examination)
{
    struct diagnosis *diagnosis = examination->diagnosis;
    diagnosis->sound = xcalloc(examination->n_patients + 1, sizeof *diagnosis->sound);
    for (size_t i = 0; i < examination->n_patients; i++) {
        struct patient *patient = &examination->patients[i];
        definition_destroy(&patient->definition);
        if (patient->affected || diagnosis->everywhere) {
            diagnosis->n_affected++;
            free(patient->name);
        } else {
            diagnosis->sound[diagnosis->n_sound++] = patient->name;
        }
    }
    free(examination->patients);
}

/* ---- the whole */

static void load_sums(struct examination *examination)
{
    struct error error;
    if (!sums_load(&examination->recorded, examination->db, "the file", &error))
        examination_find(examination, EVERYWHERE, "the table integrity", remedy_file, "%s",
                         error.text);
}

static void examine(struct examination *examination)
{
    examine_pages(examination);
    examine_schema(examination);
    load_sums(examination);
    load_patients(examination);
    examine_rows(examination);
    examine_curves(examination);
    examine_rules(examination);
    examine_history(examination);
    forget_patients(examination);
}

/* One transaction: what is seen stays as it is from the first read on, whoever writes. */
bool doctor_examine(sqlite3 *db, const struct doctor_listener *listener, struct diagnosis *out,
                    struct error *error)
{
    struct examination examination = { .db = db, .listener = listener, .diagnosis = out };
    *out = (struct diagnosis){ 0 };
    if (!sql_run(db, "SAVEPOINT examination", error))
        return false;
    examine(&examination);
    sqlite3_exec(db, "RELEASE examination", NULL, NULL, NULL);
    return true;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->n_sound; i++)
        free(diagnosis->sound[i]);
    free(diagnosis->sound);
    *diagnosis = (struct diagnosis){ 0 };
}
