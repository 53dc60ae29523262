/* A search from anybody. What is accepted must come out the same from its JSON form. */
#include "common/json.h"
#include "coordinator/spec/spec.h"
#include "tests/fuzz/target.h"

#include <string.h>

static void check_json_form(const struct spec *spec)
{
    struct definition *again;
    struct problems problems;
    char *text = json_text(spec->document);
    json_t *document = json_loads(text, 0, NULL);
    problems_init(&problems);
    if (document == NULL || !definition_parse(&again, document, &problems))
        fuzz_fail("accepted as YAML and refused as JSON: %s",
                  problems.count > 0 ? problems.list[0].text : "no JSON");
    if (again->n_studies != spec->definition->n_studies)
        fuzz_fail("the JSON form has other studies");
    definition_destroy(&again);
    problems_free(&problems);
    json_decref(document);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, (size_t)1 << 20);
    enum spec_result result = spec_parse(&spec, "x.yaml", (const char *)bytes, count, &report);
    if ((result == SPEC_OK) != (spec != NULL))
        fuzz_fail("the result and the search contradict each other");
    if ((result == SPEC_OK) != (report.length == 0))
        fuzz_fail("refused without a sentence, or accepted with one");
    if (spec != NULL)
        check_json_form(spec);
    spec_destroy(&spec);
    buf_free(&report);
    return 0;
}
