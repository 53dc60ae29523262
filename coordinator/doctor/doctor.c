/* An examination from its beginning to its end: the studies are read, each step looks at them in
 * its way, and those that no finding concerns are sound. */
#include "coordinator/doctor/examination.h"
#include "common/xalloc.h"
#include "coordinator/store/sql.h"

#include <stdlib.h>

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
