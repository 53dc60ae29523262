/* database.h - the database that a command reads, and the names in it. The file is opened
 * read-only, never through the coordinator: so a command answers whether one runs or not. */
#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/output.h"

#include <sqlite3.h>

/* The whole of a verb that reads: parses its arguments, opens the database (--db, else what the
 * connect file says), answers, closes. Returns the exit status, and has complained if that is not
 * 0. */
int database_verb(const struct verb *verb, const struct context *context, int argc, char **argv,
                  int (*answer)(sqlite3 *db, const struct arguments *arguments));

/* The database of a context, read-only; NULL after having complained, with the exit status. */
sqlite3 *database_open(const struct context *context, int *status);

/* Studies by name, in the order of the search. */
struct studies {
    int64_t *ids;
    char **names;
    size_t count, capacity;
};

/* The studies that a name means: itself, or all but the audits of the search with that name.
 * EXIT_OK, or EXIT_NOT_FOUND after having named the nearest. NULL means all studies of the
 * database but audits. Freed by studies_free in either case. */
int studies_find(sqlite3 *db, const char *name, struct studies *out);
void studies_free(struct studies *studies);

/* The one study that a name means; a search with several is refused, naming them. *study is
 * malloc'd. */
int study_find(sqlite3 *db, const char *name, char **study, int64_t *id);

/* A trial of the study by the word for it; EXIT_USAGE when it is no number. */
int trial_find(sqlite3 *db, const char *study, int64_t id, const char *word, int64_t *trial);

/* Prepares a query of ours with :study (a name, may be NULL), :number and :count bound where it has
 * them. NULL after having complained: the file lacks something that this release reads. */
sqlite3_stmt *database_query(sqlite3 *db, const char *sql, const char *study, int64_t number,
                             int64_t count);
/* Ends it. False after having complained: its latest row could not be read, and what came before is
 * not all there is. */
bool database_query_end(sqlite3_stmt *statement);

/* The start of a query: the names of the parameters that the search of :study varies, as the table
 * `varied`. */
#define WITH_VARIED_PARAMETERS \
    "WITH varied AS (SELECT node.key FROM study JOIN search ON search.id = study.search," \
    " json_each(search.definition, '$.parameters') AS node WHERE study.name = :study" \
    " AND json_extract(search.definition, node.fullkey || '.value') IS NULL)"
/* Of a row of that view, as a JSON object; for SQL alone true would be 1. */
#define VARIED_PARAMETERS(view) \
    " (SELECT json_group_object(key, CASE type WHEN 'true' THEN json('true')" \
    " WHEN 'false' THEN json('false') ELSE atom END)" \
    " FROM json_each(" view ".parameters) WHERE key IN varied) AS parameters"

/* Declares the statement's columns; prints the first `count` cells of its row; prints all rows to
 * the end. Columns named parameters and info hold JSON. */
void database_columns(struct output *output, sqlite3_stmt *statement);
void database_cells(struct output *output, sqlite3_stmt *statement, int count);
void database_rows(struct output *output, sqlite3_stmt *statement);
#endif
