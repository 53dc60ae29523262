/* ldt check - reads a search as the coordinator will, and says what it would run, or what is wrong
 * with it and where. Needs no coordinator. */
#include "common/json.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/counted.h"
#include "coordinator/cli/output.h"
#include "coordinator/cli/spec_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_SPACES_SHOWN = 10 }; /* in a table */

struct plan { /* what a search amounts to */
    int64_t configurations, runs;
    int64_t fewest, most; /* configurations of a study */
    int64_t reruns;       /* runs of the best configurations, at most */
};

static bool is_finite_space(const struct study_definition *study)
{
    return study->points < INT64_MAX;
}

static struct plan make_plan(const struct definition *definition)
{
    struct plan plan = { .fewest = INT64_MAX };
    for (size_t i = 0; i < definition->n_studies; i++) {
        int64_t count = definition_configurations(definition, i);
        plan.configurations += count;
        plan.fewest = count < plan.fewest ? count : plan.fewest;
        plan.most = count > plan.most ? count : plan.most;
        plan.reruns += (count < definition->rerun.best ? count : definition->rerun.best) *
                       definition->rerun.seeds;
    }
    plan.runs = plan.configurations * definition->repeat;
    return plan;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_product(const struct definition *definition, const struct plan *plan)
{
    printf("%s: %s x ", definition->name,
           counted((int64_t)definition->n_studies, "study", "studies"));
    if (plan->fewest < plan->most)
        printf("%" PRId64 " to ", plan->fewest);
    printf("%s x %s = %s\n", counted(plan->most, "trial", "trials"),
           counted(definition->repeat, "repeat", "repeats"), counted(plan->runs, "run", "runs"));
}

static void print_space(const struct definition *definition, size_t study)
{
    int64_t points = definition->studies[study].points;
    bool ends_early = definition->trials > points;
    printf("%s: its space has %s%s", definition->studies[study].name,
           counted(points, "point", "points"), ends_early ? ", after which it ends" : "");
    if (ends_early)
        printf(" (trials: %" PRId64 ")", definition->trials);
    putchar('\n');
}

static bool all_spaces_have(const struct definition *definition, int64_t points)
{
    for (size_t i = 0; i < definition->n_studies; i++)
        if (definition->studies[i].points != points)
            return false;
    return true;
}

static void print_spaces(const struct definition *definition)
{
    int64_t points = definition->studies[0].points;
    if (definition->n_studies > 1 && is_finite_space(&definition->studies[0]) &&
        definition->trials <= points && all_spaces_have(definition, points)) {
        printf("each study's space has %s\n", counted(points, "point", "points"));
        return;
    }
    size_t shown = 0, finite = 0;
    for (size_t i = 0; i < definition->n_studies; i++) {
        if (!is_finite_space(&definition->studies[i]))
            continue;
        finite++;
        if (shown == MAX_SPACES_SHOWN)
            continue;
        shown++;
        print_space(definition, i);
    }
    if (finite > shown)
        printf("... and %zu more studies with a finite space (-o csv lists all)\n", finite - shown);
}

static void print_protocol(const struct definition *definition, const struct plan *plan)
{
    const struct ladder *ladder = &definition->ladder;
    if (plan->reruns > 0)
        printf("then the best %" PRId64 " of each study x %d seeds = up to %s more\n",
               definition->rerun.best, definition->rerun.seeds,
               counted(plan->reruns, "run", "runs"));
    if (ladder->over != NULL)
        printf("by rungs of `%s`: those after one that reaches %s %s %g are left out\n",
               ladder->over, definition->metric, ladder->at_least ? "at least" : "at most",
               ladder->value);
}

/* Only the coordinator has the other study's rows. */
static void print_pending(const struct definition *definition)
{
    printf("%s: takes constants from the study `%s`: the coordinator looks them up, and checks the "
           "rest, when the search is submitted\n",
           definition->name, definition->from.study);
}

static void print_text(const struct definition *definition, const struct plan *plan)
{
    if (definition->from.pending) {
        print_pending(definition);
    } else {
        print_product(definition, plan);
        print_spaces(definition);
    }
    print_protocol(definition, plan);
    for (size_t i = 0; i < definition->n_notes; i++)
        printf("note: %s\n", definition->notes[i]);
}

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *study_as_json(const struct definition *definition, size_t index)
{
    const struct study_definition *study = &definition->studies[index];
    int64_t count = definition_configurations(definition, index);
    json_t *points = is_finite_space(study) ? json_integer(study->points) : json_null();
    return json_pack("{s:s, s:I, s:I, s:o, s:i}", "name", study->name, "trials", (json_int_t)count,
                     "runs", (json_int_t)(count * definition->repeat), "points", points,
                     "parameters", study->space->n_parameters);
}

static void print_json(const struct definition *definition, const struct plan *plan)
{
    json_t *studies = json_array(), *notes = json_array();
    for (size_t i = 0; i < definition->n_studies; i++)
        json_array_append_new(studies, study_as_json(definition, i));
    for (size_t i = 0; i < definition->n_notes; i++)
        json_array_append_new(notes, json_string(definition->notes[i]));
    json_t *object = json_pack(
        "{s:s, s:I, s:I, s:i, s:I, s:I, s:b, s:o, s:o}", "name", definition->name, "n_studies",
        (json_int_t)definition->n_studies, "n_trials", (json_int_t)plan->configurations, "repeat",
        definition->repeat, "n_runs", (json_int_t)plan->runs, "n_reruns", (json_int_t)plan->reruns,
        "pending", definition->from.pending, "notes", notes, "studies", studies);
    char *text = json_text(object);
    puts(text);
    free(text);
    json_decref(object);
}

static void print_csv(const struct definition *definition)
{
    struct error error;
    struct output *output = output_begin(OUTPUT_CSV, stdout);
    static const char *const columns[] = { "study", "trials", "repeat", "runs", "points" };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        output_column(output, columns[i]);
    for (size_t i = 0; i < definition->n_studies; i++) {
        int64_t count = definition_configurations(definition, i);
        output_text(output, definition->studies[i].name);
        output_integer(output, count);
        output_integer(output, definition->repeat);
        output_integer(output, count * definition->repeat);
        if (is_finite_space(&definition->studies[i]))
            output_integer(output, definition->studies[i].points);
        else
            output_null(output);
    }
    output_end(&output, &error); /* what could not be written shows in ferror, for all formats */
}

static void print_plan(const struct definition *definition, enum output_format format)
{
    struct plan plan = make_plan(definition);
    if (format == OUTPUT_JSON)
        print_json(definition, &plan);
    else if (format == OUTPUT_CSV)
        print_csv(definition);
    else
        print_text(definition, &plan);
}

int command_check(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt check",
        .words = "FILE",
        .help = "Checks a search without submitting it, and says how many runs it would be. FILE "
                "may be -.",
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    int status;
    arguments_parse(&arguments, &verb, context, argc, argv);
    struct spec *spec = spec_file_load(arguments.words[0], &status);
    if (spec != NULL)
        print_plan(spec->definition, arguments.context.format);
    spec_destroy(&spec);
    return status;
}
