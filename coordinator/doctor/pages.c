/* What SQLite itself can say of the file, and whether its tables are ours. */
#include "coordinator/doctor/examination.h"
#include "coordinator/store/schema.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PAGE_FINDINGS = 100 };

/* One row of integrity_check may have several lines, the first of which only names the database:
 * *** in database main *** */
static int find_lines(struct examination *examination, const char *text)
{
    int count = 0;
    while (*text != '\0') {
        int length = (int)strcspn(text, "\n");
        if (length > 0 && strncmp(text, "***", 3) != 0) {
            examination_find(examination, EVERYWHERE, "the pages of the file", remedy_file, "%.*s",
                             length, text);
            count++;
        }
        text += length + (text[length] == '\n');
    }
    return count;
}

void examine_pages(struct examination *examination)
{
    examination_progress(examination, "pages and indexes", 0, 0);
    sqlite3_stmt *rows = examination_ask(examination, "PRAGMA integrity_check", 0);
    int count = 0;
    while (count < MAX_PAGE_FINDINGS &&
           examination_next(examination, rows, "the pages of the file")) {
        const char *text = (const char *)sqlite3_column_text(rows, 0);
        if (text != NULL && strcmp(text, "ok") != 0)
            count += find_lines(examination, text);
    }
    sqlite3_finalize(rows);
}

/* ---- the schema, compared with that of an empty database of this release */

static sqlite3 *make_reference(void)
{
    sqlite3 *db = NULL;
    bool good = sqlite3_open(":memory:", &db) == SQLITE_OK;
    for (int i = 0; i < schema_version && good; i++)
        good = sqlite3_exec(db, migrations[i].sql, NULL, NULL, NULL) == SQLITE_OK;
    good = good && sqlite3_exec(db, views_sql, NULL, NULL, NULL) == SQLITE_OK;
    if (good)
        return db;
    sqlite3_close(db);
    return NULL;
}

/* Made once in the life of the program: it is longer in the making than a small file takes. */
static sqlite3 *reference_schema(void)
{
    static sqlite3 *reference;
    if (reference == NULL)
        reference = make_reference();
    return reference;
}

/* Past blanks and `--` comments. */
static const char *skip_comments(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (strncmp(text, "--", 2) != 0)
            return text;
        text += strcspn(text, "\n");
    }
}

/* Whether two statements are the same but for blanks and comments outside of quotes: SQLite keeps
 * the text of the release that made a table, and its comments may read otherwise since. */
static bool same_statement(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    bool quoted = false;
    for (;; a++, b++) {
        if (!quoted) {
            a = skip_comments(a);
            b = skip_comments(b);
        }
        if (*a != *b || *a == '\0')
            return *a == *b;
        if (*a == '\'')
            quoted = !quoted;
    }
}

/* A view holds no data, and a coordinator makes those that differ anew when it starts. */
static void find_object(struct examination *examination, sqlite3_stmt *wanted, const char *fault)
{
    char place[256];
    const char *type = (const char *)sqlite3_column_text(wanted, 0);
    bool is_view = strcmp(type, "view") == 0;
    snprintf(place, sizeof place, "the %s %s", type, sqlite3_column_text(wanted, 1));
    examination->diagnosis->views += is_view;
    examination_find(examination, is_view ? NOWHERE : EVERYWHERE, place,
                     is_view ? "start the coordinator of this release with it: it makes its views "
                               "anew"
                             : remedy_file,
                     "%s (schema version %d)", fault, schema_version);
}

/* One object of the reference: is it in the database, and the same? */
static void compare_object(struct examination *examination, sqlite3_stmt *have,
                           sqlite3_stmt *wanted)
{
    sqlite3_reset(have);
    for (int i = 0; i < 2; i++)
        sqlite3_bind_value(have, i + 1, sqlite3_column_value(wanted, i));
    if (!examination_next(examination, have, "the schema"))
        find_object(examination, wanted, "it is missing");
    else if (!same_statement((const char *)sqlite3_column_text(have, 0),
                             (const char *)sqlite3_column_text(wanted, 2)))
        find_object(examination, wanted, "it is not as this release makes it");
}

/* A trigger of somebody else would act on what the coordinator writes. Tables and views beside ours
 * are welcome. */
static void look_for_triggers(struct examination *examination)
{
    sqlite3_stmt *rows =
        examination_ask(examination, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", 0);
    while (examination_next(examination, rows, "the schema"))
        examination_find(examination, EVERYWHERE, (const char *)sqlite3_column_text(rows, 0),
                         "drop it: only the coordinator may write",
                         "it is a trigger, and not of ours");
    sqlite3_finalize(rows);
}

void examine_schema(struct examination *examination)
{
    sqlite3 *reference = reference_schema();
    sqlite3_stmt *wanted = NULL, *have = NULL;
    if (reference == NULL ||
        sqlite3_prepare_v2(reference, "SELECT type, name, sql FROM sqlite_schema", -1, &wanted,
                           NULL) != SQLITE_OK)
        examination_find(examination, EVERYWHERE, "this program", "install it again",
                         "it cannot make its own schema");
    else
        have = examination_ask(examination,
                               "SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?", 0);
    while (have != NULL && sqlite3_step(wanted) == SQLITE_ROW)
        compare_object(examination, have, wanted);
    sqlite3_finalize(have);
    sqlite3_finalize(wanted);
    look_for_triggers(examination);
}
