/* ask.h - a verb that asks the coordinator one question and prints what it answers, mostly one
 * line: a sentence for people, or the same facts as one row of JSON or CSV. */
#ifndef CLI_ASK_H
#define CLI_ASK_H
#include "common/message.h"
#include "coordinator/cli/command.h"

/* Opens a client, asks, prints, closes. An answer of another type than `wanted` is complained of.
 * Returns the exit status. */
int ask(const struct context *context, const struct message *question, enum message_type wanted,
        int (*print)(const struct context *context, const struct message *question,
                     const struct message *answer));

/* ---- one line of facts */

enum { LINE_MAX_FACTS = 8, LINE_MAX_BYTES = 1024 };

struct line {
    char sentence[LINE_MAX_BYTES];
    struct fact {
        enum { FACT_TEXT, FACT_INTEGER, FACT_FLAG } kind;
        const char *name, *text;
        int64_t number;
    } facts[LINE_MAX_FACTS];
    int n_facts;
};

/* Zeroed, a line is empty. Texts must live until it is printed. */
void line_say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_text(struct line *line, const char *name, const char *text);
void line_integer(struct line *line, const char *name, int64_t number);
void line_flag(struct line *line, const char *name, bool flag);

/* EXIT_OK, or EXIT_FAILED after having complained that it could not be written. */
int line_print(const struct line *line, enum output_format format);
#endif
