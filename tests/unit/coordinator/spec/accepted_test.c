/* Searches that must be accepted, those in deploy/searches among them; how files are
 * read. */
#include "common/json.h"
#include "coordinator/spec/spec.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define COMMAND "name: s\ncommand: [x]\nmetric: {name: loss}\ntrials: 5\nparameters:\n"

static struct spec *accepted(const char *text)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, (size_t)1 << 20);
    spec_parse(&spec, "s.yaml", text, strlen(text), &report);
    if (spec == NULL)
        fail_msg("%s\nis refused:\n%s", text, report.bytes);
    assert_int_equal(report.length, 0);
    buf_free(&report);
    return spec;
}

static void a_tab_after_a_colon_is_a_blank_like_another(void **state)
{
    static const char *const texts[] = {
        "description:\t>-\n  why? because: \t- of this\n" COMMAND "  a: {value:\t-1}\n",
        "? description\n: 'why? because'\n" COMMAND "  a: {value:\tx}\n",
    };
    for (int i = 0; i < 2; i++) {
        struct spec *spec = accepted(texts[i]);
        spec_destroy(&spec);
    }
}

static const struct domain *only_domain(const struct spec *spec, const char *name)
{
    const struct space *space = spec->definition->studies[0].space;
    for (int i = 0; i < space->n_parameters; i++)
        if (strcmp(space->parameters[i].name, name) == 0)
            return &space->parameters[i].domains[0];
    fail_msg("no parameter %s", name);
    return NULL;
}

static struct spec *load(const char *path)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, (size_t)1 << 20);
    spec_load(&spec, path, &report);
    if (spec == NULL)
        fail_msg("%s", report.bytes);
    buf_free(&report);
    return spec;
}

static void every_search_of_the_repository_is_accepted(void **state)
{
    glob_t found;
    assert_int_equal(glob("deploy/searches/*.yaml", 0, NULL, &found), 0);
    assert_int_equal(glob("deploy/searches/paper/*.yaml", GLOB_APPEND, NULL, &found), 0);
    assert_int_equal(glob("deploy/searches/paper-small/*.yaml", GLOB_APPEND, NULL, &found), 0);
    assert_true(found.gl_pathc >= 26);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct spec *spec = load(found.gl_pathv[i]);
        assert_true(spec->definition->n_studies > 0 || spec->definition->from.pending);
        spec_destroy(&spec);
    }
    globfree(&found);
}

/* Of every search of the paper there is a small one of the same name, with "-small" behind it. */
static void every_search_of_the_paper_has_a_small_twin(void **state)
{
    glob_t found;
    assert_int_equal(glob("deploy/searches/paper/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char path[256], name[128];
        const char *file = strrchr(found.gl_pathv[i], '/') + 1;
        snprintf(path, sizeof path, "deploy/searches/paper-small/%s", file);
        struct spec *whole = load(found.gl_pathv[i]), *small = load(path);
        snprintf(name, sizeof name, "%s-small", whole->definition->name);
        assert_string_equal(small->definition->name, name);
        assert_string_equal(small->definition->metric, whole->definition->metric);
        assert_int_equal(small->definition->sampler, whole->definition->sampler);
        assert_true(small->definition->n_studies <= whole->definition->n_studies);
        spec_destroy(&small);
        spec_destroy(&whole);
    }
    globfree(&found);
}

/* The constants that the coordinator would find: the ablations must fit what mujoco-grid has. */
static void the_ablations_fit_what_the_grid_searches_over(void **state)
{
    struct spec *grid = load("deploy/searches/paper/mujoco-grid.yaml");
    struct spec *ablations = load("deploy/searches/paper/ablations-hopper.yaml");
    const struct study_definition *source = NULL;
    struct definition *definition;
    struct problems problems;
    for (size_t i = 0; i < grid->definition->n_studies; i++)
        if (strcmp(grid->definition->studies[i].name, ablations->definition->from.study) == 0)
            source = &grid->definition->studies[i];
    assert_non_null(source);
    struct value *values = calloc((size_t)source->space->n_parameters, sizeof *values);
    space_point(source->space, 0, values);
    json_t *parameters = space_to_json(source->space, values);
    definition_inherit(ablations->document, parameters);
    problems_init(&problems);
    if (!definition_parse(&definition, ablations->document, &problems))
        fail_msg("%s: %s", problems.list[0].path, problems.list[0].text);
    assert_int_equal(definition->n_studies, 9);
    assert_string_equal(definition->studies[1].name, "ablations-hopper/ldt,none,true");
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(parameters);
    free(values);
    spec_destroy(&ablations);
    spec_destroy(&grid);
}

static void figure_3b_is_128_studies_of_five_runs(void **state)
{
    struct spec *spec = load("deploy/searches/task-a.yaml");
    assert_int_equal(spec->definition->n_studies, 128);
    assert_int_equal(spec->definition->repeat, 5);
    for (size_t i = 0; i < 128; i++)
        assert_int_equal(definition_configurations(spec->definition, i), 1);
    assert_string_equal(spec->definition->studies[127].name, "task-a/no-teacher,512,1024");
    spec_destroy(&spec);
}

static void figure_3d_is_ldt_and_four_baselines(void **state)
{
    static const char *const names[] = { "task-b/ldt,0", "task-b/no-teacher,0",
                                         "task-b/no-teacher,0.1", "task-b/no-teacher,1",
                                         "task-b/no-teacher,10" };
    struct spec *spec = load("deploy/searches/task-b.yaml");
    assert_int_equal(spec->definition->n_studies, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(spec->definition->studies[i].name, names[i]);
    spec_destroy(&spec);
}

static void plain_scalars_are_typed_and_quoted_ones_are_text(void **state)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        { "7", "7" },
        { "+7", "7" },
        { "-7", "-7" },
        { "007", "7" },
        { "1e-3", "0.001" },
        { "1.", "1.0" },
        { ".5", "0.5" },
        { "-1.5E+2", "-150.0" },
        { "true", "true" },
        { "false", "false" },
        { "True", "\"True\"" },
        { "yes", "\"yes\"" },
        { "no", "\"no\"" },
        { "\"7\"", "\"7\"" },
        { "'true'", "\"true\"" },
        { "0x10", "\"0x10\"" },
        { "1_000", "\"1_000\"" },
        { "1e", "\"1e\"" },
        { "e5", "\"e5\"" },
        { "1.2.3", "\"1.2.3\"" },
        { "\"null\"", "\"null\"" },
        { "nan", "\"nan\"" },
        { "+", "\"+\"" },
        { "9223372036854775807", "9223372036854775807" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, COMMAND "  a: {value: %s}\n", cases[i].yaml);
        struct spec *spec = accepted(text);
        json_t *value = value_to_json(only_domain(spec, "a")->values[0]);
        char *json = json_text(value);
        assert_string_equal(json, cases[i].json);
        free(json);
        json_decref(value);
        spec_destroy(&spec);
    }
}

static void tasks_and_methods_can_be_searched_over(void **state)
{
    struct spec *spec =
        accepted("name: s\nprogram: ldt\nmetric: {name: test_loss}\ntrials: 5\nparameters:\n"
                 "  task: {values: [task-a, task-b]}\n"
                 "  method: {values: [ldt, no-teacher]}\n"
                 "  logit_scale: {values: [1, 3], when: {task: task-b}}\n"
                 "  teaching_coef: {min: 1, max: 10, when: {method: [ldt, auxiliary]}}\n"
                 "  entropy_coef: {min: 0, max: 1, when: {method: no-teacher, task: task-b}}\n");
    assert_int_equal(spec->definition->n_studies, 1);
    assert_int_equal(only_domain(spec, "entropy_coef")->n_conditions, 2);
    spec_destroy(&spec);
}

static void an_alias_copies_its_node(void **state)
{
    struct spec *spec = accepted(COMMAND "  a: &r {min: 1.0, max: 2.0}\n  b: *r\n  c: *r\n");
    assert_true(only_domain(spec, "c")->max == 2.0);
    spec_destroy(&spec);
    spec = accepted(COMMAND "  a: {value: &x 3}\n  b: {value: &x 4}\n  c: {value: *x}\n");
    assert_int_equal(only_domain(spec, "c")->values[0].integer, 4);
    spec_destroy(&spec);
}

static void json_is_yaml(void **state)
{
    struct spec *spec = accepted("{\"name\": \"s\", \"command\": [\"x\"], \"trials\": 5,\n"
                                 " \"metric\": {\"name\": \"loss\"},\n"
                                 " \"parameters\": {\"a\": {\"min\": 1, \"max\": 3}}}\n");
    assert_int_equal(only_domain(spec, "a")->distribution, INT_UNIFORM);
    spec_destroy(&spec);
}

static void a_description_may_have_many_lines(void **state)
{
    struct spec *spec =
        accepted("description: |\n  one\n  \ttwo\n  three: [\n" COMMAND "  a: {value: 1}\n");
    spec_destroy(&spec);
}

static void one_document_between_markers_is_one_document(void **state)
{
    struct spec *spec = accepted("%YAML 1.2\n---\n" COMMAND "  a: {value: 1}\n...\n");
    spec_destroy(&spec);
}

static void the_text_is_kept_as_it_was_read(void **state)
{
    const char *text = "\xef\xbb\xbf# keep me\r\n" COMMAND "  a: {value: 1}\n";
    struct spec *spec = accepted(text);
    assert_int_equal(spec->length, strlen(text));
    assert_memory_equal(spec->text, text, spec->length + 1);
    spec_destroy(&spec);
}

/* What `ldt` sends is what the coordinator parses: both must come to the same search. */
static void the_json_form_parses_to_the_same_definition(void **state)
{
    glob_t found;
    assert_int_equal(glob("deploy/searches/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct spec *spec = load(found.gl_pathv[i]);
        struct problems problems;
        struct definition *again;
        char *text = json_dumps(spec->document, JSON_COMPACT);
        json_t *document = json_loads(text, 0, NULL);
        problems_init(&problems);
        assert_true(definition_parse(&again, document, &problems));
        assert_int_equal(again->n_studies, spec->definition->n_studies);
        for (size_t k = 0; k < again->n_studies; k++) {
            const struct study_definition *a = &again->studies[k];
            const struct study_definition *b = &spec->definition->studies[k];
            assert_string_equal(a->name, b->name);
            assert_int_equal(a->seed, b->seed);
            assert_int_equal(a->points, b->points);
            assert_int_equal(a->space->n_dimensions, b->space->n_dimensions);
        }
        definition_destroy(&again);
        problems_free(&problems);
        json_decref(document);
        free(text);
        spec_destroy(&spec);
    }
    globfree(&found);
}

static void load_fails(const char *path, enum spec_result expected, const char *sentence)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, 4096);
    assert_int_equal(spec_load(&spec, path, &report), expected);
    assert_null(spec);
    assert_string_equal(report.bytes, sentence);
    buf_free(&report);
}

static void files_that_cannot_be_read_are_told_apart(void **state)
{
    load_fails("deploy/searches/none.yaml", SPEC_MISSING,
               "deploy/searches/none.yaml: there is no such file\n");
    load_fails("deploy/searches", SPEC_UNREADABLE,
               "deploy/searches: is a directory; name the file of the search in it\n");
    load_fails("deploy/searches/task-a.yaml/x", SPEC_UNREADABLE,
               "deploy/searches/task-a.yaml/x: Not a directory\n");
    load_fails("/dev/null", SPEC_REFUSED,
               "/dev/null:1:1: the file is empty; a search starts with `name:`\n");
    load_fails("/dev/zero", SPEC_REFUSED,
               "/dev/zero:1:1: the file is larger than 1048576 bytes, the most that a search may "
               "have\n");
}

static void nothing_is_printed_by_the_library(void **state)
{
    static const char *const texts[] = { "a: [\n",  "\ta: 1\n",       "a: 1\n b: 2\n",
                                         "a: *x\n", "%YAML 9\n---\n", "a: !!int x\n",
                                         "? [\n",   "a: \"\\q\"\n",   "--- >x\n" };
    struct buf report;
    struct spec *spec;
    FILE *capture = tmpfile();
    assert_non_null(capture);
    fflush(stdout);
    fflush(stderr);
    int out = dup(1), err = dup(2);
    dup2(fileno(capture), 1);
    dup2(fileno(capture), 2);
    buf_init(&report, (size_t)1 << 16);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        spec_parse(&spec, "s.yaml", texts[i], strlen(texts[i]), &report);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    fseek(capture, 0, SEEK_END);
    long printed = ftell(capture);
    fclose(capture);
    buf_free(&report);
    assert_int_equal(printed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tab_after_a_colon_is_a_blank_like_another),
        cmocka_unit_test(every_search_of_the_repository_is_accepted),
        cmocka_unit_test(every_search_of_the_paper_has_a_small_twin),
        cmocka_unit_test(the_ablations_fit_what_the_grid_searches_over),
        cmocka_unit_test(figure_3b_is_128_studies_of_five_runs),
        cmocka_unit_test(figure_3d_is_ldt_and_four_baselines),
        cmocka_unit_test(plain_scalars_are_typed_and_quoted_ones_are_text),
        cmocka_unit_test(tasks_and_methods_can_be_searched_over),
        cmocka_unit_test(an_alias_copies_its_node),
        cmocka_unit_test(json_is_yaml),
        cmocka_unit_test(a_description_may_have_many_lines),
        cmocka_unit_test(one_document_between_markers_is_one_document),
        cmocka_unit_test(the_text_is_kept_as_it_was_read),
        cmocka_unit_test(the_json_form_parses_to_the_same_definition),
        cmocka_unit_test(files_that_cannot_be_read_are_told_apart),
        cmocka_unit_test(nothing_is_printed_by_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
