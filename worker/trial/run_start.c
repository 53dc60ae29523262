#include "worker/trial/ablation.h"
#include "worker/trial/checkpoint_file.h"
#include "worker/trial/config.h"
#include "worker/trial/networks.h"
#include "worker/trial/run.h"

#include <string.h>

/* How many examples; 0: all there are. */
static int count_of(const struct settings *settings, enum setting_id id)
{
    return setting_is_auto(settings, id) ? 0 : (int)setting_integer(settings, id);
}

static struct task_request request_of(const struct settings *settings, uint64_t seed)
{
    struct task_request request = {
        .data_seed = seed,
        .n_train = count_of(settings, SETTING_N_TRAIN),
        .n_test = count_of(settings, SETTING_N_TEST),
        .directory = settings->data,
        .scramble = settings->task == TASK_GAME_OF_LIFE,
    };
    if (setting_is_had(settings, SETTING_DATA_SEED) &&
        !setting_is_auto(settings, SETTING_DATA_SEED))
        request.data_seed = (uint64_t)setting_integer(settings, SETTING_DATA_SEED);
    if (setting_is_had(settings, SETTING_INPUT_DIM))
        request.input_dim = (int)setting_integer(settings, SETTING_INPUT_DIM);
    if (setting_is_had(settings, SETTING_LOGIT_SCALE))
        request.logit_scale = setting_real(settings, SETTING_LOGIT_SCALE);
    if (setting_is_had(settings, SETTING_SCRAMBLE))
        request.scramble = setting_flag(settings, SETTING_SCRAMBLE);
    if (setting_is_had(settings, SETTING_BOARD_EDGES))
        request.wraps = strcmp(setting_choice(settings, SETTING_BOARD_EDGES), "wrap") == 0;
    if (setting_is_had(settings, SETTING_ENVIRONMENT))
        request.environment = setting_choice(settings, SETTING_ENVIRONMENT);
    return request;
}

static bool make_data(struct run *run, struct error *error)
{
    struct task_request request = request_of(run->settings, run->seed);
    return task_make(&run->data, task_name(run->settings->task), &request, error) &&
           networks_check(run->settings, &run->data, error) &&
           ablation_apply(run->settings, run->seed, &run->data, error);
}

void run_begin(struct run *run)
{
    struct rng student, teacher;
    progress_free(&run->progress);
    progress_init(&run->progress, &run->schedule);
    rng_init(&student, run->seed, RNG_STUDENT_INIT, 0);
    rng_init(&teacher, run->seed, RNG_TEACHER_INIT, 0);
    learner_initialise(run->learner, &student, &teacher,
                       setting_real(run->settings, SETTING_WEIGHT_INIT_MULTIPLIER));
    if (run->settings->method == METHOD_ORACLE_TEACHER)
        oracle_initialise(run->settings, &run->data,
                          learner_state(run->learner)->teacher.parameters);
}

static bool make_learner(struct run *run, struct error *error)
{
    struct learner_config config = config_of_settings(run->settings, &run->data);
    config.interruption = &run->interruption;
    return learner_create(&run->learner, &config, error);
}

bool run_start(struct run *run, struct error *error)
{
    const struct trial_checkpoint *checkpoint = run->sink->checkpoint;
    if (checkpoint != NULL && !checkpoint_file_check(checkpoint->directory, error))
        return false;
    if (!make_data(run, error) ||
        !schedule_init(&run->schedule, run->settings, run->data.train.count, error) ||
        !make_learner(run, error))
        return false;
    run->batches = batches_create(run->settings, &run->schedule, run->seed);
    evaluation_init(&run->evaluation, &run->data, batches_trained_on(run->batches),
                    batches_selection(run->batches));
    run_begin(run);
    return true;
}

void run_free(struct run *run)
{
    evaluation_free(&run->evaluation);
    batches_destroy(&run->batches);
    learner_destroy(&run->learner);
    task_free(&run->data);
    progress_free(&run->progress);
    buf_free(&run->identity);
}
