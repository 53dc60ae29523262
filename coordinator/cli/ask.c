#include "coordinator/cli/ask.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/client.h"
#include "coordinator/cli/output.h"

#include <assert.h>
#include <stdarg.h>

int ask(const struct context *context, const struct message *question, enum message_type wanted,
        int (*print)(const struct context *context, const struct message *question,
                     const struct message *answer))
{
    struct message answer;
    int status;
    struct client *client = client_open(context, &status);
    if (client == NULL)
        return status;
    status = client_expect(client, question, CLIENT_PATIENCE_MS, wanted, &answer);
    if (status == EXIT_OK)
        status = print(context, question, &answer);
    client_close(&client);
    return status;
}

/* ---- one line of facts */

void line_say(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->sentence, sizeof line->sentence, format, arguments);
    va_end(arguments);
}

static void add(struct line *line, struct fact fact)
{
    assert(line->n_facts < LINE_MAX_FACTS);
    line->facts[line->n_facts++] = fact;
}

void line_text(struct line *line, const char *name, const char *text)
{
    add(line, (struct fact){ .kind = FACT_TEXT, .name = name, .text = text });
}

void line_integer(struct line *line, const char *name, int64_t number)
{
    add(line, (struct fact){ .kind = FACT_INTEGER, .name = name, .number = number });
}

void line_flag(struct line *line, const char *name, bool flag)
{
    add(line, (struct fact){ .kind = FACT_FLAG, .name = name, .number = flag });
}

static void put_fact(struct output *output, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_TEXT: output_text(output, fact->text); break;
    case FACT_INTEGER: output_integer(output, fact->number); break;
    case FACT_FLAG: output_flag(output, fact->number != 0); break;
    }
}

static bool print_row(const struct line *line, enum output_format format, struct error *error)
{
    struct output *output = output_begin(format, stdout);
    for (int i = 0; i < line->n_facts; i++)
        output_column(output, line->facts[i].name);
    for (int i = 0; i < line->n_facts; i++)
        put_fact(output, &line->facts[i]);
    return output_end(&output, error);
}

static bool print_sentence(const struct line *line, struct error *error)
{
    if (puts(line->sentence) >= 0 && fflush(stdout) == 0)
        return true;
    error_set(error, "cannot write to standard output");
    return false;
}

int line_print(const struct line *line, enum output_format format)
{
    struct error error;
    if (format == OUTPUT_TABLE ? print_sentence(line, &error) : print_row(line, format, &error))
        return EXIT_OK;
    complain("%s", error.text);
    return EXIT_FAILED;
}
