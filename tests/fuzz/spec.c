/* Feeds the files named on the command line, or standard input, to the reader of searches: for
 * fuzzers and for replaying what they found. What is accepted must come out the same from its
 * JSON form. */
#include "common/json.h"
#include "coordinator/spec/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_json_form(const struct spec *spec)
{
    struct definition *again;
    struct problems problems;
    char *text = json_text(spec->document);
    json_t *document = json_loads(text, 0, NULL);
    problems_init(&problems);
    if (document == NULL || !definition_parse(&again, document, &problems)) {
        fprintf(stderr, "accepted as YAML and refused as JSON: %s\n",
                problems.count > 0 ? problems.list[0].text : "no JSON");
        abort();
    }
    if (again->n_studies != spec->definition->n_studies)
        abort();
    definition_destroy(&again);
    problems_free(&problems);
    json_decref(document);
    free(text);
}

static void feed(const char *path)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, (size_t)1 << 20);
    enum spec_result result = spec_load(&spec, path, &report);
    if ((result == SPEC_OK) != (spec != NULL) || (result != SPEC_OK) != (report.length > 0))
        abort();
    if (spec != NULL)
        check_json_form(spec);
    spec_destroy(&spec);
    buf_free(&report);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        feed(argv[i]);
    if (argc == 1)
        feed("-");
    return 0;
}
