#include "worker/shell/trial_command.h"
#include "worker/shell/cpu_name.h"
#include "worker/shell/preemption.h"
#include "worker/shell/reexecute.h"
#include "worker/shell/trial_input.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/trainer/reference.h"
#include "common/version.h"
#include "worker/numeric/blas.h"
#include "worker/numeric/mat.h"
#include "worker/trial/trial.h"

#include <gnu/libc-version.h>
#include <math.h>
#include <signal.h>
#include <string.h>

enum { LINE_LIMIT = 1 << 16 };
enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: ldt-worker trial [--save-model FILE.npz [--with-teacher]] < TRIAL.json\n"
    "\n"
    "Runs one trial of the built-in trainer. Standard input is one JSON object, for example\n"
    "    {\"seed\": 1, \"parameters\": {\"task\": \"task-b\", \"epochs\": 16}}\n"
    "What the parameters leave out has its default. Standard output is one JSON object a line:\n"
    "facts about the run, then the metrics of every evaluation. The same parameters and seed give\n"
    "the same bits on one type of CPU. With \"checkpoint_dir\": \"/a/directory\" in the object "
    "the\n"
    "run saves itself there every two minutes (\"checkpoint_seconds\") and on SIGTERM, and the "
    "same\n"
    "command goes on from there. --save-model writes the student as it is at the end, with\n"
    "--with-teacher also the teacher; `ldt-worker predict` applies it, and NumPy opens it.\n"
    "Exit status: 0 done, 75 handed back after SIGTERM, 1 failed, 2 usage.\n"
    "\n";

/* ---- lines out ------------------------------------------------------------------------------ */

static bool write_line(struct buf *line)
{
    buf_text(line, "\n");
    bool written = preemption_write_line(line->bytes, line->length);
    buf_free(line);
    return written;
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

enum { FACTS = 6 };

/* What decides the bits of a run beside its settings, seed and data; the C library has the
 * logarithms and exponentials. */
static void list_facts(struct identity_fact facts[FACTS], const char *cpu)
{
    facts[0] = (struct identity_fact){ "version", LDT_VERSION };
    facts[1] = (struct identity_fact){ "blas_core", blas_core() };
    facts[2] = (struct identity_fact){ "openblas", blas_version() };
    facts[3] = (struct identity_fact){ "cpu", cpu };
    facts[4] = (struct identity_fact){ "real", sizeof(real) == sizeof(float) ? "float" : "double" };
    facts[5] = (struct identity_fact){ "libc", gnu_get_libc_version() };
}

static bool write_facts(const struct identity_fact facts[FACTS])
{
    json_t *object = json_object();
    for (int i = 0; i < FACTS; i++)
        json_object_set_new(object, facts[i].name, json_string(facts[i].value));
    return write_info(object);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

/* The context of the sink. */
struct saving {
    int64_t interval_ms, last_ms; /* last_ms 0: not begun */
    bool has_complained;
};

static bool is_due(void *context)
{
    struct saving *saving = context;
    int64_t now_ms = clock_monotonic_ms();
    if (saving->last_ms == 0)
        saving->last_ms = now_ms;
    if (now_ms - saving->last_ms < saving->interval_ms)
        return false;
    saving->last_ms = now_ms;
    return true;
}

static bool is_preempted(void *context)
{
    preemption_defer(); /* the run asks from when it has something to save */
    return preemption_came();
}

/* A full disk is full again every time: the attempt records the first fault only. */
static void complain(void *context, const char *sentence)
{
    struct saving *saving = context;
    fprintf(stderr, "%s\n", sentence);
    if (!saving->has_complained)
        inform(NULL, "checkpoint", sentence);
    saving->has_complained = true;
}

/* ---- the command ---------------------------------------------------------------------------- */

struct request {
    const char *model_path; /* --save-model */
    bool with_teacher, wants_help;
};

static enum trial_end run_trial(const struct request *request, const struct trial_input *input,
                                struct error *error)
{
    char cpu[128];
    struct identity_fact facts[FACTS];
    cpu_name(cpu, sizeof cpu);
    list_facts(facts, cpu);
    struct saving saving = { .interval_ms = (int64_t)(1000 * input->checkpoint_seconds) };
    const struct trial_checkpoint checkpoint = {
        .directory = input->checkpoint_dir,
        .facts = facts,
        .n_facts = FACTS,
        .is_due = is_due,
        .is_preempted = is_preempted,
        .complain = complain,
    };
    const struct trial_sink sink = {
        .report = report,
        .inform = inform,
        .context = &saving,
        .checkpoint = input->checkpoint_dir != NULL ? &checkpoint : NULL,
        .model_path = request->model_path,
        .model_with_teacher = request->with_teacher,
        .parameters = input->parameters,
    };
    return write_facts(facts) ? trial_run(&input->settings, input->seed, &sink, error)
                              : TRIAL_STOPPED;
}

static int train(const struct request *request, struct error *error)
{
    struct trial_input input;
    enum trial_end end = TRIAL_REFUSED;
    if (!blas_check(error))
        return EXIT_FAILED;
    if (trial_input_read(&input, error))
        end = run_trial(request, &input, error);
    trial_input_free(&input);
    if (end == TRIAL_COMPLETED || end == TRIAL_BECAME_NONFINITE)
        return 0;
    return end == TRIAL_STOPPED && preemption_came() ? EXIT_HANDED_BACK : EXIT_FAILED;
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
    preemption_catch();
    signal(SIGXFSZ, SIG_IGN); /* a limit on files costs a checkpoint, not the trial: EFBIG */
    struct error error = { .text = "" };
    int status = train(&request, &error);
    if (error.text[0] != '\0')
        fprintf(stderr, "%s\n", error.text);
    return status;
}
