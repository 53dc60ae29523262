/* Replays every case of $LDT_FIXTURES/mujoco (tests/fixtures unless set): the arrays that a model
 * must compile to, and rollouts recorded elsewhere. What a file contains decides what it is; its
 * environment is its "env", or else the first word of its name. A malformed case fails with its
 * file and key; a directory in which nothing could be replayed fails. */
#include "worker/task/mujoco/simulator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <mujoco/mujoco.h>
#include <mujoco/mjxmacro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compiled, replayed;

enum { MAX_FILES = 1000, MAX_STATE = 64 };

static const char *file;          /* of the case being replayed */
static json_t *root;              /* its content, freed with the next: a failing test jumps out */
static struct simulator *running; /* likewise */

/* ---- reading -------------------------------------------------------------------------------- */

static double number_of(json_t *value, const char *key)
{
    if (!json_is_number(value) || !isfinite(json_number_value(value)))
        fail_msg("%s: %s: not a finite number", file, key);
    return json_number_value(value);
}

static json_t *get_array(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_array(value))
        fail_msg("%s: %s is missing or no array", file, key);
    return value;
}

static void get_row(double *out, json_t *row, const char *key, int count)
{
    if (!json_is_array(row) || json_array_size(row) != (size_t)count)
        fail_msg("%s: %s is not %d numbers", file, key, count);
    for (int i = 0; i < count; i++)
        out[i] = number_of(json_array_get(row, (size_t)i), key);
}

static const char *directory(char *path, size_t bytes, const char *kind)
{
    const char *fixtures = getenv("LDT_FIXTURES");
    snprintf(path, bytes, "%s/%s", fixtures ? fixtures : "tests/fixtures", kind);
    return path;
}

/* `floor`: what counts as nothing, where a 0 may have been computed as 1e-17. */
static bool close_to(double got, double want, double tolerance, double floor)
{
    return fabs(got - want) <= tolerance * fabs(want) + floor;
}

static bool same_in_model(double got, double want)
{
    return close_to(got, want, 1e-12, 1e-15);
}

static bool same_in_rollout(double got, double want)
{
    return close_to(got, want, 1e-9, 1e-9);
}

/* ---- compiled models ------------------------------------------------------------------------ */

/* One array of the library's struct, whatever the type of its numbers. */
struct field {
    const char *name;
    int rows, cols;
    const mjtNum *reals;
    const int *integers;
    const mjtByte *bytes;
};

#define REALS(pointer)    _Generic((pointer), mjtNum * : (pointer), default : NULL)
#define INTEGERS(pointer) _Generic((pointer), int * : (pointer), default : NULL)
#define BYTES(pointer)    _Generic((pointer), mjtByte * : (pointer), default : NULL)
#define FIELD(label, pointer, n, m)                                                                \
    {                                                                                              \
        label, n, m, REALS(pointer), INTEGERS(pointer), BYTES(pointer)                             \
    }

static double field_at(const struct field *field, size_t i)
{
    if (field->reals != NULL)
        return field->reals[i];
    return field->integers != NULL ? field->integers[i] : field->bytes[i];
}

static bool is_numeric(const struct field *field)
{
    return field->reals != NULL || field->integers != NULL || field->bytes != NULL;
}

static void compare_number(const struct field *field, size_t i, json_t *want)
{
    double expected = number_of(want, field->name), got = field_at(field, i);
    if (!same_in_model(got, expected))
        fail_msg("%s: %s: number %zu is %.17g instead of %.17g", file, field->name, i, got,
                 expected);
}

/* A list of numbers, or of rows of them. */
static void compare_field(const struct field *field, json_t *want)
{
    size_t row, col, cols = (size_t)field->cols;
    json_t *values, *value;
    if (!json_is_array(want)) {
        compare_number(field, 0, want);
        return;
    }
    if (json_array_size(want) != (size_t)field->rows)
        fail_msg("%s: %s has %zu rows instead of %d", file, field->name, json_array_size(want),
                 field->rows);
    json_array_foreach(want, row, values) {
        if (!json_is_array(values)) {
            compare_number(field, row * cols, values);
            continue;
        }
        if (json_array_size(values) != cols)
            fail_msg("%s: %s has rows of %zu instead of %zu", file, field->name,
                     json_array_size(values), cols);
        json_array_foreach(values, col, value)
            compare_number(field, row * cols + col, value);
    }
}

static void compare_named(const struct field *fields, size_t count, const char *key, json_t *want)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, key) == 0 && is_numeric(&fields[i])) {
            compare_field(&fields[i], want);
            return;
        }
    fail_msg("%s: %s is nothing that a model has", file, key);
}

/* Names are free; everything else of the file must be what libmujoco has made of our text. */
static void compare_model(const mjModel *m)
{
    MJMODEL_POINTERS_PREAMBLE(m)
    (void)(nuser_body + nuser_jnt + nuser_geom + nuser_site + nuser_cam + nuser_tendon);
    (void)(nuser_actuator + nuser_sensor + nq + nv + na + nu + nmocap);
#define X(name) FIELD(#name, (int *)&m->name, 1, 1),
    const struct field sizes[] = { MJMODEL_INTS };
#undef X
#define X(type, name, n, cols) FIELD(#name, m->name, m->n, cols),
    const struct field arrays[] = { MJMODEL_POINTERS };
#undef X
#define X(type, name) FIELD("opt." #name, (type *)&m->opt.name, 1, 1),
    const struct field options[] = { MJOPTION_SCALARS };
#undef X
#define X(name, count) FIELD("opt." #name, (mjtNum *)m->opt.name, count, 1),
    const struct field vectors[] = { MJOPTION_VECTORS };
#undef X
    const struct field statistics[] = {
        FIELD("stat.meanmass", (mjtNum *)&m->stat.meanmass, 1, 1),
        FIELD("stat.meaninertia", (mjtNum *)&m->stat.meaninertia, 1, 1),
    };
    const struct field *tables[] = { sizes, arrays, options, vectors, statistics };
    const size_t counts[] = { sizeof sizes / sizeof *sizes, sizeof arrays / sizeof *arrays,
                              sizeof options / sizeof *options, sizeof vectors / sizeof *vectors,
                              sizeof statistics / sizeof *statistics };
    const char *key;
    json_t *want;
    json_object_foreach(root, key, want) {
        size_t length = strlen(key);
        if (strcmp(key, "mujoco_version") == 0 || strcmp(key, "env") == 0 ||
            (length > 6 && strcmp(key + length - 6, "_names") == 0))
            continue;
        size_t table = strncmp(key, "stat.", 5) == 0                         ? 4
                       : strncmp(key, "opt.", 4) == 0 && json_is_array(want) ? 3
                       : strncmp(key, "opt.", 4) == 0                        ? 2
                       : json_is_array(want)                                 ? 1
                                                                             : 0;
        compare_named(tables[table], counts[table], key, want);
    }
    compiled++;
}

/* ---- rollouts ------------------------------------------------------------------------------- */

static void expect_row(json_t *want, const char *key, size_t step, const double *got, int count)
{
    double expected[MAX_STATE];
    get_row(expected, want, key, count);
    for (int i = 0; i < count; i++)
        if (!same_in_rollout(got[i], expected[i]))
            fail_msg("%s: %s: after action %zu number %d is %.17g instead of %.17g", file, key,
                     step, i, got[i], expected[i]);
}

static void start_as_recorded(json_t *rollout)
{
    const mjModel *model = simulator_model(running);
    double positions[MAX_STATE], velocities[MAX_STATE], observed[MAX_STATE];
    get_row(positions, json_object_get(rollout, "init_qpos"), "init_qpos", model->nq);
    get_row(velocities, json_object_get(rollout, "init_qvel"), "init_qvel", model->nv);
    simulator_start(running, positions, velocities);
    simulator_observe(running, observed);
    expect_row(json_object_get(rollout, "init_obs"), "init_obs", 0, observed,
               simulator_observations(running));
}

static double replay_action(json_t *rollout, size_t step)
{
    const mjData *data = simulator_data(running);
    const mjModel *model = simulator_model(running);
    double action[MAX_STATE], observed[MAX_STATE];
    get_row(action, json_array_get(json_object_get(rollout, "actions"), step), "actions",
            model->nu);
    double reward = simulator_act(running, action);
    double want = number_of(json_array_get(get_array(rollout, "rewards"), step), "rewards");
    if (!same_in_rollout(reward, want))
        fail_msg("%s: rewards: %.17g instead of %.17g after action %zu", file, reward, want, step);
    simulator_observe(running, observed);
    expect_row(json_array_get(get_array(rollout, "obs"), step), "obs", step, observed,
               simulator_observations(running));
    if (json_object_get(rollout, "qpos") != NULL)
        expect_row(json_array_get(get_array(rollout, "qpos"), step), "qpos", step, data->qpos,
                   model->nq);
    if (json_object_get(rollout, "qvel") != NULL)
        expect_row(json_array_get(get_array(rollout, "qvel"), step), "qvel", step, data->qvel,
                   model->nv);
    return reward;
}

static void replay_rollouts(void)
{
    size_t i;
    json_t *rollout;
    json_array_foreach(get_array(root, "rollouts"), i, rollout) {
        double total = 0;
        size_t steps = json_array_size(get_array(rollout, "actions"));
        if (steps == 0)
            fail_msg("%s: rollout %zu has no actions", file, i);
        start_as_recorded(rollout);
        for (size_t step = 0; step < steps; step++)
            total += replay_action(rollout, step);
        if (!same_in_rollout(total, number_of(json_object_get(rollout, "y"), "y")))
            fail_msg("%s: y of rollout %zu is %.17g", file, i, total);
        if (simulator_warned(running))
            fail_msg("%s: libmujoco warned in rollout %zu", file, i);
        replayed++;
    }
}

/* ---- files ---------------------------------------------------------------------------------- */

static const struct environment *environment_of(void)
{
    char name[64] = "";
    const char *given = json_string_value(json_object_get(root, "env"));
    const char *base = strrchr(file, '/') + 1;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(base, "_."), base);
    const struct environment *environment = environment_find(given ? given : name);
    if (environment == NULL)
        fail_msg("%s: there is no environment %s", file, given ? given : name);
    return environment;
}

static void replay_file(const char *path)
{
    json_error_t fault;
    struct error error = { .text = "" };
    file = path;
    json_decref(root);
    simulator_destroy(&running);
    root = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(root))
        fail_msg("%s:%d: %s", path, fault.line, fault.text);
    json_t *version = json_object_get(root, "mujoco_version");
    if (version != NULL && json_integer_value(version) != simulator_version())
        fail_msg("%s: recorded with version %lld of libmujoco, this one is %d", path,
                 (long long)json_integer_value(version), simulator_version());
    if (!simulator_create(&running, environment_of(), &error))
        fail_msg("%s: %s", path, error.text);
    if (json_object_get(root, "rollouts") != NULL)
        replay_rollouts();
    else if (json_object_get(root, "nq") != NULL)
        compare_model(simulator_model(running));
    else
        fail_msg("%s: neither a compiled model (nq) nor rollouts", path);
}

static int is_case(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".json") == 0;
}

static bool is_there(const char *kind)
{
    char path[4096];
    DIR *listing = opendir(directory(path, sizeof path, kind));
    if (listing != NULL)
        closedir(listing);
    return listing != NULL;
}

static void every_recorded_model_compiles_and_every_rollout_replays(void **state)
{
    char folder[4096], path[4400];
    if (!is_there("mujoco") && is_there("meta_gradient"))
        skip(); /* a directory of other cases only */
    struct dirent **entries;
    int count = scandir(directory(folder, sizeof folder, "mujoco"), &entries, is_case, alphasort);
    if (count < 0)
        fail_msg("%s: no such directory", folder);
    static char names[MAX_FILES][256];
    for (int i = 0; i < count; i++) {
        if (i < MAX_FILES)
            snprintf(names[i], sizeof names[i], "%s", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    assert_true(count <= MAX_FILES);
    for (int i = 0; i < count; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_true(length > 0 && (size_t)length < sizeof path);
        replay_file(path);
    }
    printf("# %d models compiled, %d rollouts replayed\n", compiled, replayed);
    if (compiled + replayed == 0)
        fail_msg("%s: nothing there could be replayed", folder);
}

static int free_all(void **state)
{
    json_decref(root);
    simulator_destroy(&running);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_model_compiles_and_every_rollout_replays),
    };
    return cmocka_run_group_tests(tests, NULL, free_all);
}
