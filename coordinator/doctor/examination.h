/* examination.h - what the steps of an examination share; private to this folder. */
#ifndef DOCTOR_EXAMINATION_H
#define DOCTOR_EXAMINATION_H
#include "coordinator/doctor/doctor.h"
#include "coordinator/space/definition.h"
#include "coordinator/store/integrity.h"

struct patient { /* a study, and what its rows are judged by */
    int64_t id, search, position, parent;
    int64_t seed;
    int32_t repeat;
    bool audit;
    char *name;
    struct definition *definition; /* NULL: it could not be read, which is a finding */
    bool affected;                 /* a finding concerns it */
};

struct examination {
    sqlite3 *db;
    const struct doctor_listener *listener;
    struct diagnosis *diagnosis;
    struct sums recorded;     /* the table integrity */
    bool damaged[TABLES];     /* a row or the sum of the table is not what it was */
    struct patient *patients; /* by id */
    size_t n_patients;
    int64_t told;             /* rows since progress was last told */
};

enum { EVERYWHERE = 0, NOWHERE = -1 }; /* in place of a study's id */

/* One finding. `study` is the id of the study that it concerns. */
void examination_find(struct examination *examination, int64_t study, const char *place,
                      const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same where SQLite cannot go on reading: what it says. */
void examination_unreadable(struct examination *examination, const char *place);
void examination_progress(struct examination *examination, const char *what, int64_t done,
                          int64_t total);
/* The study with this id, or NULL. */
struct patient *examination_patient(const struct examination *examination, int64_t study);

/* NULL after a finding. Bound in order: `number` where the statement has a parameter. */
sqlite3_stmt *examination_ask(struct examination *examination, const char *sql, int64_t number);
/* Whether there is another row; the end of what can be read is a finding if it is not the end. */
bool examination_next(struct examination *examination, sqlite3_stmt *statement, const char *place);

/* What to do about a row, about what cannot be proven anew, about the whole file. */
extern const char remedy_row[], remedy_copy[], remedy_file[];

void examine_pages(struct examination *examination);
void examine_schema(struct examination *examination);
void examine_rows(struct examination *examination);
void examine_curves(struct examination *examination);
void examine_rules(struct examination *examination);
void examine_history(struct examination *examination);
#endif
