#include "coordinator/cli/output.h"
#include "common/buf.h"
#include "common/csv.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/cli/arguments.h"
#include "proto/text.h"

#include <assert.h>
#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct column {
    char *name;
    bool numeric; /* no cell so far was anything else: a table aligns it to the right */
};

struct output {
    enum output_format format;
    FILE *stream;
    struct column *columns;
    size_t n_columns, capacity;
    size_t next;             /* column of the next value */
    size_t rows;             /* begun */
    struct libscols_table *table;
    struct libscols_line *line;
};

struct output *output_begin(enum output_format format, FILE *stream)
{
    struct output *output = xcalloc(1, sizeof *output);
    output->format = format;
    output->stream = stream;
    if (format == OUTPUT_TABLE) {
        setlocale(LC_CTYPE, ""); /* else libsmartcols escapes all that is not ASCII */
        output->table = scols_new_table();
        assert(output->table != NULL);
        scols_table_set_stream(output->table, stream);
        scols_table_set_termforce(output->table, SCOLS_TERMFORCE_NEVER); /* never cut a value */
    }
    return output;
}

static bool name_taken(const struct output *output, const char *name)
{
    for (size_t i = 0; i < output->n_columns; i++) {
        if (strcmp(output->columns[i].name, name) == 0)
            return true;
    }
    return false;
}

void output_column(struct output *output, const char *name)
{
    char *unique = xstrdup(name);
    for (int copy = 2; name_taken(output, unique); copy++) {
        free(unique);
        unique = xasprintf("%s_%d", name, copy);
    }
    output->columns = xgrow(output->columns, output->n_columns, &output->capacity,
                            sizeof *output->columns);
    output->columns[output->n_columns++] = (struct column){ unique, true };
    if (output->table != NULL)
        scols_table_new_column(output->table, unique, 0, 0);
}

/* ---- text that may hold anything */

/* A JSON string; a byte that is no UTF-8 becomes a question mark. New reference. */
static json_t *string_of(const char *text)
{
    json_t *string = json_string(text);
    if (string != NULL)
        return string;
    char *mended = xstrdup(text);
    text_mend(mended, strlen(mended));
    string = json_string(mended);
    free(mended);
    return string;
}

/* ---- cells */

static void write_json_value(FILE *stream, const json_t *value)
{
    char *text = json_text(value);
    fputs(text, stream);
    free(text);
}

static const char *const open_rows[] = {
    [OUTPUT_TABLE] = "", [OUTPUT_JSON] = "[", [OUTPUT_CSV] = "\r\n"
};
static const char *const close_row[] = {
    [OUTPUT_TABLE] = "", [OUTPUT_JSON] = "}", [OUTPUT_CSV] = "\r\n"
};

static void write_header(struct output *output)
{
    for (size_t i = 0; output->format == OUTPUT_CSV && i < output->n_columns; i++) {
        fputs(i > 0 ? "," : "", output->stream);
        csv_write_text(output->stream, output->columns[i].name);
    }
    fputs(open_rows[output->format], output->stream);
}

static void begin_row(struct output *output)
{
    if (output->rows++ == 0)
        write_header(output);
    if (output->format == OUTPUT_JSON)
        fputs(output->rows > 1 ? ",\n{" : "\n{", output->stream);
    if (output->table != NULL)
        output->line = scols_table_new_line(output->table, NULL);
}

/* What stands before the value: begins a row, and says whose value it is. */
static struct column *begin_cell(struct output *output)
{
    assert(output->n_columns > 0);
    if (output->next == 0)
        begin_row(output);
    struct column *column = &output->columns[output->next];
    if (output->next > 0 && output->format != OUTPUT_TABLE)
        fputc(',', output->stream);
    if (output->format == OUTPUT_JSON) {
        json_t *name = string_of(column->name);
        write_json_value(output->stream, name);
        fputc(':', output->stream);
        json_decref(name);
    }
    return column;
}

static void end_cell(struct output *output)
{
    if (++output->next < output->n_columns)
        return;
    output->next = 0;
    fputs(close_row[output->format], output->stream);
}

/* One value in its three spellings. */
static void cell(struct output *output, bool numeric, const char *in_table, const char *in_csv,
                 const json_t *in_json)
{
    struct column *column = begin_cell(output);
    column->numeric = column->numeric && numeric;
    switch (output->format) {
    case OUTPUT_TABLE: scols_line_set_data(output->line, output->next, in_table); break;
    case OUTPUT_CSV: csv_write_text(output->stream, in_csv); break;
    case OUTPUT_JSON: write_json_value(output->stream, in_json); break;
    }
    end_cell(output);
}

void output_null(struct output *output)
{
    cell(output, true, "-", "", json_null());
}

void output_text(struct output *output, const char *text)
{
    if (text == NULL) {
        output_null(output);
        return;
    }
    json_t *string = string_of(text);
    cell(output, false, text, text, string);
    json_decref(string);
}

void output_integer(struct output *output, int64_t number)
{
    char text[NUMBER_TEXT_BYTES];
    json_t *value = json_integer(number);
    snprintf(text, sizeof text, "%lld", (long long)number);
    cell(output, true, text, text, value);
    json_decref(value);
}

void output_real(struct output *output, double number)
{
    char rounded[NUMBER_TEXT_BYTES], exact[NUMBER_TEXT_BYTES];
    if (!isfinite(number)) {
        output_null(output);
        return;
    }
    json_t *value = json_real(number);
    snprintf(rounded, sizeof rounded, "%.6g", number);
    number_text(exact, number);
    cell(output, true, rounded, exact, value);
    json_decref(value);
}

void output_flag(struct output *output, bool flag)
{
    cell(output, false, flag ? "yes" : "no", flag ? "true" : "false",
         flag ? json_true() : json_false());
}

/* "name=value name=value", texts bare and reals rounded: for eyes. */
static void describe(struct buf *out, const json_t *object)
{
    const char *name;
    json_t *value, *tree = (json_t *)(uintptr_t)object; /* jansson's iteration takes no const */
    json_object_foreach(tree, name, value) {
        buf_printf(out, "%s%s=", out->length > 0 ? " " : "", name);
        if (json_is_real(value))
            buf_printf(out, "%.4g", json_real_value(value));
        else if (json_is_string(value))
            buf_text(out, json_string_value(value));
        else
            json_write(out, value);
    }
}

void output_json(struct output *output, const json_t *value)
{
    struct buf words;
    char *text = json_text(value);
    buf_init(&words, 1 << 20);
    if (json_is_object(value))
        describe(&words, value);
    cell(output, false, json_is_object(value) ? words.bytes : text, text, value);
    buf_free(&words);
    free(text);
}

void output_json_text(struct output *output, const char *text)
{
    json_t *value = text != NULL && text[0] == '{' ? json_loads(text, 0, NULL) : NULL;
    if (value != NULL)
        output_json(output, value);
    else
        output_text(output, text);
    json_decref(value);
}

/* ---- the end */

static void print_table(struct output *output)
{
    for (size_t i = 0; i < output->n_columns; i++) {
        if (output->columns[i].numeric && output->rows > 0)
            scols_column_set_flags(scols_table_get_column(output->table, i), SCOLS_FL_RIGHT);
    }
    if (output->rows > 0) {
        scols_print_table(output->table);
        return;
    }
    /* libsmartcols prints nothing for an empty table. */
    for (size_t i = 0; i < output->n_columns; i++)
        fprintf(output->stream, "%s%s", i > 0 ? " " : "", output->columns[i].name);
    fputc('\n', output->stream);
}

size_t output_rows(const struct output *output)
{
    return output->rows;
}

bool output_end(struct output **output, struct error *error)
{
    struct output *out = *output;
    assert(out->next == 0);
    if (out->rows == 0)
        write_header(out);
    if (out->format == OUTPUT_TABLE)
        print_table(out);
    if (out->format == OUTPUT_JSON)
        fputs(out->rows > 0 ? "\n]\n" : "]\n", out->stream);
    bool written = fflush(out->stream) == 0 && !ferror(out->stream);
    if (!written)
        error_set(error, "cannot write the output: %s", strerror(errno));
    for (size_t i = 0; i < out->n_columns; i++)
        free(out->columns[i].name);
    scols_unref_table(out->table);
    free(out->columns);
    free(out);
    *output = NULL;
    return written;
}

int output_finish(struct output **output, int status)
{
    struct error error;
    if (output_end(output, &error))
        return status;
    complain("%s", error.text);
    return status != EXIT_OK ? status : EXIT_FAILED;
}
