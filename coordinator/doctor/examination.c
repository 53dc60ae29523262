/* What the steps of an examination share: a finding, the study that it concerns, and a question to
 * the database, whose failure is a finding, too. */
#include "coordinator/doctor/examination.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
