#include "worker/shell/trial_command.h"
#include "worker/shell/reexecute.h"
#include "common/json.h"
#include "common/trainer/reference.h"
#include "common/version.h"
#include "common/xalloc.h"
#include "worker/numeric/blas.h"
#include "worker/numeric/mat.h"
#include "worker/trial/trial.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_LIMIT = 1 << 20, LINE_LIMIT = 1 << 16 };
enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_HANDED_BACK = 75 };

static const char usage[] =
    "usage: ldt-worker trial [--save-model FILE.npz [--with-teacher]] < TRIAL.json\n"
    "\n"
    "Runs one trial of the built-in trainer. Standard input is one JSON object, for example\n"
    "    {\"seed\": 1, \"parameters\": {\"task\": \"task-b\", \"epochs\": 16}}\n"
    "What the parameters leave out has its default. Standard output is one JSON object a line:\n"
    "facts about the run, then the metrics of every evaluation. The same parameters and seed give\n"
    "the same bits on one type of CPU. --save-model writes the student as it is at the end, with\n"
    "--with-teacher also the teacher; `ldt-worker predict` applies it, and NumPy opens it.\n"
    "Exit status: 0 done, 75 handed back after SIGTERM, 1 failed, 2 usage.\n"
    "\n";

/* ---- lines out ------------------------------------------------------------------------------ */

static volatile sig_atomic_t is_writing, is_preempted;

/* There is nothing to save yet, so the attempt is handed back at once, but never in half a line. */
static void on_terminate(int signal_number)
{
    if (!is_writing)
        _exit(EXIT_HANDED_BACK);
    is_preempted = 1;
}

static void catch_terminate(void)
{
    struct sigaction action = { .sa_handler = on_terminate, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
}

static bool write_all(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            fprintf(stderr, "standard output: %s\n", strerror(errno));
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

/* Whole or not at all, as far as SIGTERM is concerned. */
static bool write_line(struct buf *line)
{
    buf_text(line, "\n");
    is_writing = 1;
    bool written = write_all(line->bytes, line->length);
    is_writing = 0;
    buf_free(line);
    return written && !is_preempted;
}

static void add_number(struct buf *line, double number)
{
    char text[NUMBER_TEXT_BYTES];
    number_text(text, number);
    if (isnan(number))
        buf_text(line, "NaN");
    else if (isinf(number))
        buf_text(line, number > 0 ? "Infinity" : "-Infinity");
    else
        buf_text(line, text);
}

static bool report(void *context, int64_t step, double epoch, const char *const *names,
                   const double *values, int count)
{
    struct buf line;
    buf_init(&line, LINE_LIMIT);
    buf_printf(&line, "{\"step\":%lld,\"epoch\":", (long long)step);
    add_number(&line, epoch);
    buf_text(&line, ",\"metrics\":{");
    for (int i = 0; i < count; i++) {
        buf_printf(&line, "%s\"%s\":", i > 0 ? "," : "", names[i]);
        add_number(&line, values[i]);
    }
    buf_text(&line, "}}");
    return write_line(&line);
}

static bool write_info(json_t *facts)
{
    struct buf line;
    json_t *object = json_pack("{s:o}", "info", facts);
    buf_init(&line, LINE_LIMIT);
    json_write(&line, object);
    json_decref(object);
    return write_line(&line);
}

static void inform(void *context, const char *key, const char *text)
{
    write_info(json_pack("{s:s}", key, text));
}

/* "Intel(R) Xeon(R) ...", from the kernel's description of the first core. */
static void read_cpu_name(char *out, size_t bytes)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(out, bytes, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        snprintf(out, bytes, "%s", colon + 1 + strspn(colon + 1, " "));
        out[strcspn(out, "\n")] = '\0';
        break;
    }
    if (file != NULL)
        fclose(file);
}

/* What decides the bits of a run beside its settings and seed. */
static bool write_facts(void)
{
    char cpu[128];
    read_cpu_name(cpu, sizeof cpu);
    return write_info(json_pack("{s:s, s:s, s:s, s:s, s:s}", "version", LDT_VERSION, "blas_core",
                                blas_core(), "openblas", blas_version(), "cpu", cpu, "real",
                                sizeof(real) == sizeof(float) ? "float" : "double"));
}

/* ---- the object in -------------------------------------------------------------------------- */

static bool read_input(struct buf *input, struct error *error)
{
    char chunk[65536];
    for (;;) {
        ssize_t count = read(STDIN_FILENO, chunk, sizeof chunk);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            error_set(error, "standard input: %s", strerror(errno));
            return false;
        }
        if (count == 0)
            return true;
        if (!buf_add(input, chunk, (size_t)count)) {
            error_set(error, "standard input: longer than %d bytes; no trial is", INPUT_LIMIT);
            return false;
        }
    }
}

static json_t *parse_input(const struct buf *input, struct error *error)
{
    json_error_t fault;
    if (input->length == strspn(input->bytes, " \t\r\n")) {
        error_set(error, "standard input: empty; it must hold one JSON object, such as "
                         "{\"seed\": 1, \"parameters\": {\"task\": \"task-b\"}}");
        return NULL;
    }
    json_t *trial = json_loadb(input->bytes, input->length, JSON_REJECT_DUPLICATES, &fault);
    if (trial == NULL)
        error_set(error, "standard input:%d:%d: %s", fault.line, fault.column, fault.text);
    else if (!json_is_object(trial))
        error_set(error, "standard input: not a JSON object");
    if (json_is_object(trial))
        return trial;
    json_decref(trial);
    return NULL;
}

static bool read_trial(const json_t *trial, int64_t *seed, struct settings *settings,
                       struct error *error)
{
    const json_t *seed_member = json_object_get(trial, "seed");
    if (!json_is_integer(seed_member) || json_integer_value(seed_member) < 0) {
        error_set(error, "seed: %s; give an integer of at least 0",
                  seed_member == NULL ? "missing" : "not a seed");
        return false;
    }
    *seed = json_integer_value(seed_member);
    return settings_parse(settings, json_object_get(trial, "parameters"), error);
}

/* *parameters becomes the text of the settings as they were given, to be freed. */
static bool read_standard_input(int64_t *seed, struct settings *settings, char **parameters,
                                struct error *error)
{
    struct buf input;
    buf_init(&input, INPUT_LIMIT);
    json_t *trial = read_input(&input, error) ? parse_input(&input, error) : NULL;
    bool usable = trial != NULL && read_trial(trial, seed, settings, error);
    if (usable)
        *parameters = json_text(json_object_get(trial, "parameters"));
    json_decref(trial);
    buf_free(&input);
    return usable;
}

/* ---- the command ---------------------------------------------------------------------------- */

struct request {
    const char *model_path; /* --save-model */
    bool with_teacher, wants_help;
};

static int train(const struct request *request, struct error *error)
{
    struct settings settings;
    int64_t seed;
    char *parameters = NULL;
    if (!blas_check(error) || !read_standard_input(&seed, &settings, &parameters, error))
        return EXIT_FAILED;
    const struct trial_sink sink = {
        .report = report,
        .inform = inform,
        .model_path = request->model_path,
        .model_with_teacher = request->with_teacher,
        .parameters = parameters,
    };
    enum trial_end end = write_facts() ? trial_run(&settings, seed, &sink, error) : TRIAL_STOPPED;
    free(parameters);
    if (end == TRIAL_COMPLETED || end == TRIAL_BECAME_NONFINITE)
        return 0;
    return end == TRIAL_STOPPED && is_preempted ? EXIT_HANDED_BACK : EXIT_FAILED;
}

/* NULL, or the argument that makes no sense. */
static const char *parse_arguments(struct request *request, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0)
            request->wants_help = true;
        else if (strcmp(argv[i], "--with-teacher") == 0)
            request->with_teacher = true;
        else if (strcmp(argv[i], "--save-model") == 0 && i + 1 < argc)
            request->model_path = argv[++i];
        else
            return argv[i];
    }
    return request->with_teacher && request->model_path == NULL ? "--with-teacher" : NULL;
}

int trial_command(int argc, char **argv)
{
    struct request request = { .model_path = NULL };
    const char *wrong = parse_arguments(&request, argc, argv);
    if (wrong == NULL && request.wants_help) {
        fputs(usage, stdout);
        reference_print(stdout);
        return fflush(stdout) == 0 ? 0 : EXIT_FAILED;
    }
    if (wrong != NULL) {
        fprintf(
            stderr,
            "ldt-worker trial: `%s` makes no sense here; the trial is read from standard input, "
            "and --help says more\n",
            wrong);
        return EXIT_USAGE;
    }
    reexecute_verb(argc, argv);
    catch_terminate();
    struct error error = { .text = "" };
    int status = train(&request, &error);
    if (error.text[0] != '\0')
        fprintf(stderr, "%s\n", error.text);
    return status;
}
